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
  /** Share of the patches that training leaves out, in [0, 1): the rate of `apply`'s `patchDropout`, which needs a key. @defaultValue 0 */
  readonly patch_dropout?: number;
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
