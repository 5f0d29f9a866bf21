import type { ClipConfig } from '@fsc-clip/models';

/** What a step computes, apart from its model. */
export interface StepWork {
  readonly batch: number;
  /** Rows of text positions, and the positions of a row: each looks at its whole row. */
  readonly textRows: number;
  readonly rowLength: number;
  /** Rank of the adapters; 0 trains all weights. */
  readonly lora: number;
}

/**
 * Floating-point operations of a step's matrix products with weights and in attention, forward and backward: what a machine's best matrix
 * product would have to do. Adapters' own products and all else are left out, so a step's share of that is never flattered.
 */
export function stepFlops(config: ClipConfig, { batch, textRows, rowLength, lora }: StepWork): number {
  const { vision_cfg: vision, text_cfg: text, embed_dim: embed } = config;
  const patches = (vision.image_size / vision.patch_size) ** 2;
  const passes = lora > 0 ? 2 : 3; // forward, inputs' gradients, and where weights train theirs
  const tower = (width: number, layers: number, rows: number, length: number, ratio: number) => {
    const weights = 2 * (4 + 2 * ratio) * width ** 2; // multiply and add: q, k, v, out; two of the mlp
    const attention = 2 * 2 * length * width; // scores, and their sums of values; their gradients are twice that
    return rows * length * layers * (passes * weights + 3 * attention);
  };
  const image = tower(vision.width, vision.layers, batch, 1 + patches, vision.mlp_ratio ?? 4);
  const words = tower(text.width, text.layers, textRows, rowLength, 4);
  const stem = 2 * 2 * batch * patches * 3 * vision.patch_size ** 2 * vision.width; // forward, and the weight's gradient with adapters too
  const heads = passes * 2 * embed * (batch * (1 + patches) * vision.width + textRows * rowLength * text.width);
  return image + words + stem + heads;
}
