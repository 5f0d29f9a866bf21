import { type ClipConfig, textSizes, visionSizes } from '../config/clip-config.js';
import type { Normalization } from '../weights/origin-metadata.js';

/** CLIP's own numbers (OpenAI's), which DataComp's and FSC-CLIP's checkpoints keep to. */
export const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
export const clipStd = [0.26862954, 0.26130258, 0.27577711] as const;

/** transformers' `config.json` of a CLIPModel. */
export function huggingFaceConfig(config: ClipConfig): object {
  const { embed_dim, vision_cfg, text_cfg } = config;
  const activation = config.quick_gelu === true ? 'quick_gelu' : 'gelu';
  const tower = ({ width, layers, heads, mlpWidth }: ReturnType<typeof textSizes>) => ({
    hidden_size: width,
    intermediate_size: mlpWidth,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: activation,
    layer_norm_eps: 1e-5,
    projection_dim: embed_dim,
  });
  return {
    architectures: ['CLIPModel'],
    model_type: 'clip',
    projection_dim: embed_dim,
    logit_scale_init_value: 2.6592,
    text_config: {
      model_type: 'clip_text_model',
      ...tower(textSizes(text_cfg)),
      vocab_size: text_cfg.vocab_size,
      max_position_embeddings: text_cfg.context_length,
      bos_token_id: text_cfg.vocab_size - 2,
      eos_token_id: text_cfg.vocab_size - 1,
      pad_token_id: text_cfg.vocab_size - 1,
    },
    vision_config: {
      model_type: 'clip_vision_model',
      ...tower(visionSizes(vision_cfg)),
      image_size: vision_cfg.image_size,
      patch_size: vision_cfg.patch_size,
      num_channels: 3,
    },
  };
}

/** transformers' `preprocessor_config.json`: shortest side to the model's size by a bicubic filter, centre, normalise. */
export function huggingFacePreprocessor(config: ClipConfig, { mean = clipMean, std = clipStd }: Partial<Normalization>): object {
  const size = config.vision_cfg.image_size;
  return {
    image_processor_type: 'CLIPImageProcessor',
    feature_extractor_type: 'CLIPFeatureExtractor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: size },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
