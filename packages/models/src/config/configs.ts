import type { ClipConfig, VisionConfig } from './clip-config.js';

type Vision = readonly [image: number, patch: number, width: number, layers: number];
type Text = readonly [width: number, heads: number, layers: number];

function clip(embed_dim: number, vision: Vision, text: Text, more: Partial<VisionConfig> = {}): ClipConfig {
  const [image_size, patch_size, width, layers] = vision;
  const [textWidth, heads, textLayers] = text;
  return {
    embed_dim,
    vision_cfg: { image_size, patch_size, width, layers, ...more },
    text_cfg: { context_length: 77, vocab_size: 49408, width: textWidth, heads, layers: textLayers },
  };
}

function quick(config: ClipConfig): ClipConfig {
  return { ...config, quick_gelu: true };
}

const base = [512, 8, 12] as const;
const large = [768, 12, 12] as const;
const huge = [1024, 16, 24] as const;
const B32 = clip(512, [224, 32, 768, 12], base);
const B16 = clip(512, [224, 16, 768, 12], base);
const L14 = clip(768, [224, 14, 1024, 24], large);
const L14at336 = clip(768, [336, 14, 1024, 24], large);
const H14 = clip(1024, [224, 14, 1280, 32], huge, { head_width: 80 });
const bigG14 = clip(1280, [224, 14, 1664, 48], [1280, 20, 32], { head_width: 104, mlp_ratio: 4.9231 });
const H14at378 = clip(1024, [378, 14, 1280, 32], huge, { head_width: 80 });

/**
 * open_clip's plain ViT models by name, equal to its `model_configs/*.json`. The activation of pretrained weights depends on their
 * tag: take the `-quickgelu` name for `openai`, `metaclip_*`, `dfn2b`, `dfn5b` and, with ViT-B-32, `laion400m_*`.
 */
export const configs = {
  'ViT-S-32': clip(384, [224, 32, 384, 12], [384, 6, 12]),
  'ViT-S-16': clip(384, [224, 16, 384, 12], [384, 6, 12]),
  'ViT-S-32-alt': clip(256, [224, 32, 384, 12], [256, 4, 10]),
  'ViT-S-16-alt': clip(256, [224, 16, 384, 12], [256, 4, 10]),
  'ViT-M-32': clip(512, [224, 32, 512, 12], base),
  'ViT-M-16': clip(512, [224, 16, 512, 12], base),
  'ViT-M-32-alt': clip(384, [224, 32, 512, 12], [384, 6, 12]),
  'ViT-M-16-alt': clip(384, [224, 16, 512, 12], [384, 6, 12], { ls_init_value: 1e-4 }),
  'ViT-B-32': B32,
  'ViT-B-32-quickgelu': quick(B32),
  'ViT-B-32-256': clip(512, [256, 32, 768, 12], base),
  'ViT-B-32-plus-256': clip(640, [256, 32, 896, 12], [640, 10, 12]),
  'ViT-B-16': B16,
  'ViT-B-16-quickgelu': quick(B16),
  'ViT-B-16-plus': clip(640, [224, 16, 896, 12], [640, 10, 12]),
  'ViT-B-16-plus-240': clip(640, [240, 16, 896, 12], [640, 10, 12]),
  'ViT-L-14': L14,
  'ViT-L-14-quickgelu': quick(L14),
  'ViT-L-14-280': clip(768, [280, 14, 1024, 24], large),
  'ViT-L-14-336': L14at336,
  'ViT-L-14-336-quickgelu': quick(L14at336),
  'ViT-L-16': clip(768, [224, 16, 1024, 24], large),
  'ViT-L-16-320': clip(768, [320, 16, 1024, 24], large),
  'ViT-H-14': H14,
  'ViT-H-14-quickgelu': quick(H14),
  'ViT-H-14-378': H14at378,
  'ViT-H-14-378-quickgelu': quick(H14at378),
  'ViT-H-16': clip(1024, [224, 16, 1280, 32], huge, { head_width: 80 }),
  'ViT-g-14': clip(1024, [224, 14, 1408, 40], huge, { head_width: 88, mlp_ratio: 4.3637 }),
  'ViT-bigG-14': bigG14,
  'ViT-bigG-14-quickgelu': quick(bigG14),
  'ViT-e-14': clip(1280, [224, 14, 1792, 56], [1280, 20, 36], { head_width: 112, mlp_ratio: 8.5715 }),
} as const satisfies Record<string, ClipConfig>;

/** A name that `createModel` knows. */
export type ModelName = keyof typeof configs;
