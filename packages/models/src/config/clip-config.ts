import { OptionError } from '@fsc-clip/core';

/** The image tower, with open_clip's JSON keys. */
export interface VisionConfig {
  /** Side of the square input, in pixels. */
  readonly image_size: number;
  /** Side of a patch, in pixels; divides `image_size`. */
  readonly patch_size: number;
  readonly width: number;
  readonly layers: number;
  /** Width of one attention head; divides `width`. @defaultValue 64 */
  readonly head_width?: number;
  /** Hidden width of the MLP as a multiple of `width`, truncated to an integer. @defaultValue 4 */
  readonly mlp_ratio?: number;
  /** Present: every residual branch is multiplied by a learned vector that starts at this value. */
  readonly ls_init_value?: number;
}

/** The text tower, with open_clip's JSON keys. */
export interface TextConfig {
  /** Text positions, T. */
  readonly context_length: number;
  readonly vocab_size: number;
  readonly width: number;
  /** Attention heads; divides `width`. */
  readonly heads: number;
  readonly layers: number;
  /** As in `VisionConfig`. @defaultValue 4 */
  readonly mlp_ratio?: number;
  /** As in `VisionConfig`. */
  readonly ls_init_value?: number;
}

/** A CLIP model as open_clip's JSON files describe it: the file's own keys, so that a file can be passed as it is. */
export interface ClipConfig {
  /** Width D of the space that images and texts share. */
  readonly embed_dim: number;
  readonly vision_cfg: VisionConfig;
  readonly text_cfg: TextConfig;
  /** `x · σ(1.702 x)` instead of the exact GELU. A property of the weights, not of the architecture. @defaultValue false */
  readonly quick_gelu?: boolean;
}

/** Sizes of one transformer, read from either tower's config. */
export interface TransformerSizes {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
  readonly layerScale: number | undefined;
}

/** Sizes of the image tower. */
export function visionSizes({ width, layers, head_width = 64, mlp_ratio = 4, ls_init_value }: VisionConfig): TransformerSizes {
  return { width, layers, heads: width / head_width, mlpWidth: Math.trunc(width * mlp_ratio), layerScale: ls_init_value };
}

/** Sizes of the text tower. */
export function textSizes({ width, layers, heads, mlp_ratio = 4, ls_init_value }: TextConfig): TransformerSizes {
  return { width, layers, heads, mlpWidth: Math.trunc(width * mlp_ratio), layerScale: ls_init_value };
}

const integers = {
  vision_cfg: ['image_size', 'patch_size', 'width', 'layers', 'head_width'],
  text_cfg: ['context_length', 'vocab_size', 'width', 'heads', 'layers'],
};
const known = {
  '': ['embed_dim', 'vision_cfg', 'text_cfg', 'quick_gelu'],
  vision_cfg: [...integers.vision_cfg, 'mlp_ratio', 'ls_init_value'],
  text_cfg: [...integers.text_cfg, 'mlp_ratio', 'ls_init_value'],
};

/**
 * Refuses a config that these towers cannot run: keys of other architectures (CLIPA, CoCa, SigLIP, EVA, timm and Hugging Face text
 * towers), sizes that are no positive integers, and sizes that do not divide each other.
 *
 * @throws OptionError naming the key
 */
export function checkConfig(name: string, config: ClipConfig): void {
  const refuse = (argument: string, rule: string, got: unknown, hint?: string): never => {
    throw new OptionError({ function: name, argument, rule, got: JSON.stringify(got) ?? 'nothing', ...(hint && { hint }) });
  };
  const parts = { '': config, vision_cfg: config.vision_cfg, text_cfg: config.text_cfg };
  for (const part of ['', 'vision_cfg', 'text_cfg'] as const) {
    const value: unknown = parts[part];
    const path = part === '' ? '' : `${part}.`;
    if (typeof value !== 'object' || value === null) refuse(part || 'config', 'must be an object', value);
    for (const key of Object.keys(parts[part])) {
      if (!known[part].includes(key)) {
        refuse(`${path}${key}`, `must be one of ${known[part].join(', ')}`, key, 'Only plain ViT towers with learned positions are built');
      }
    }
    const sizes: Record<string, unknown> = { ...parts[part] };
    for (const key of part === '' ? ['embed_dim'] : integers[part]) {
      if (key === 'head_width' && sizes[key] === undefined) continue;
      if (!Number.isSafeInteger(sizes[key]) || Number(sizes[key]) < 1) refuse(`${path}${key}`, 'must be a positive integer', sizes[key]);
    }
    for (const key of ['mlp_ratio', 'ls_init_value']) {
      if (sizes[key] !== undefined && !(Number.isFinite(sizes[key]) && Number(sizes[key]) > 0))
        refuse(`${path}${key}`, 'must be a positive number', sizes[key]);
    }
  }
  const { vision_cfg: vision, text_cfg: text, quick_gelu } = config;
  if (quick_gelu !== undefined && typeof quick_gelu !== 'boolean') refuse('quick_gelu', 'must be a boolean', quick_gelu);
  if (vision.image_size % vision.patch_size !== 0)
    refuse('vision_cfg.patch_size', `must divide image_size ${vision.image_size}`, vision.patch_size);
  if (vision.width % (vision.head_width ?? 64) !== 0)
    refuse('vision_cfg.head_width', `must divide width ${vision.width}`, vision.head_width ?? 64);
  if (text.width % text.heads !== 0) refuse('text_cfg.heads', `must divide width ${text.width}`, text.heads);
}
