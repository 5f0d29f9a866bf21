import {
  add,
  concat,
  matMul,
  type Rank,
  range,
  reshape,
  slice,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { type ClipConfig, visionSizes } from '../config/clip-config.js';
import { gatherRows } from '../layers/gather-rows.js';
import { adapterDelta, adapterNames } from '../lora/adapters.js';
import type { KeptPatches } from './patch-dropout.js';
import { normed, transformer } from './transformer.js';
import type { Weights } from './weights.js';

/**
 * The image tower.
 *
 * @param weights - under `visual.`
 * @param images - [B, 3, S, S]
 * @param kept - the patches that the tower sees, P of each image; all of them without it
 * @returns `pooled` [B, D]: the class position after ln_post, times proj; `tokens` [B, P, D]: the patch positions likewise, if asked for
 */
export function imageTower(
  weights: Weights,
  config: ClipConfig,
  images: Tensor4D,
  denseTokens: boolean,
  { kept, remat }: { readonly kept?: KeptPatches; readonly remat: boolean },
): { readonly pooled: Tensor2D; readonly tokens?: Tensor3D } {
  const { layers, heads } = visionSizes(config.vision_cfg);
  const batch = images.shape[0];
  const embedded = embedPatches(weights, images, kept);
  const length = embedded.shape[0] / batch; // 1 + P
  const run = { layers, heads, quickGelu: config.quick_gelu === true, remat, batch, length };
  const classes = range(0, batch * length, length, 'int32'); // rows of the class tokens
  const x = transformer(normed(embedded, weights, 'ln_pre'), weights.under('transformer.'), run, denseTokens ? undefined : classes);

  const proj = weights.get<Tensor2D>('proj');
  if (!denseTokens) return { pooled: matMul(normed(x, weights, 'ln_post'), proj) };
  const projected = reshape(matMul(normed(x, weights, 'ln_post'), proj), [batch, length, config.embed_dim]) as Tensor3D;
  return {
    pooled: reshape(slice(projected, [0, 0, 0], [batch, 1, config.embed_dim]), [batch, config.embed_dim]),
    tokens: slice(projected, [0, 1, 0], [batch, length - 1, config.embed_dim]),
  };
}

/** The class embedding and the patches of every image with their positions: [B · (1 + P), w]. */
export function embedPatches(weights: Weights, images: Tensor4D, kept?: KeptPatches): Tensor2D {
  const batch = images.shape[0];
  const patches = projectPatches(weights, images, kept); // [B·P, w]
  const width = patches.shape[1];
  const count = patches.shape[0] / batch;
  // Zeros plus the embedding, not broadcastTo: tfjs's gradient of that takes a slice per image.
  const classes = add(zeros([batch, 1, width]), weights.get<Tensor1D>('class_embedding'));
  const sequence = concat([classes, reshape(patches, [batch, count, width])], 1); // [B, 1 + P, w]
  const positions = weights.get<Tensor2D>('positional_embedding');
  const placed = kept ? reshape(gatherRows(positions, kept.positions), [batch, count + 1, width]) : positions;
  return reshape(add(sequence, placed), [batch * (count + 1), width]);
}

/** The patch convolution, whose stride is its size, as one matrix product: images [B, 3, S, S] to [B · P, w], patches row by row. */
export function projectPatches(weights: Weights, images: Tensor4D, kept?: KeptPatches): Tensor2D {
  const weight = weights.get<Tensor4D>('conv1.weight'); // [w, 3, p, p]
  const [a, b] = adapterNames('conv1.weight').map((name) => weights.find<Tensor2D>(name));
  const adapted = a && b ? add<Tensor4D>(weight, adapterDelta<Rank.R4>(weight.shape, a, b, weights.lora.scaling)) : weight;
  const [width, channels, patch] = weight.shape;
  const [batch, , side] = images.shape;
  const grid = side / patch;
  const tiles: Tensor = reshape(images, [batch, channels, grid, patch, grid, patch]);
  const rows = reshape(transpose(tiles, [0, 2, 4, 1, 3, 5]), [batch * grid * grid, channels * patch * patch]) as Tensor2D;
  const seen = kept ? gatherRows(rows, kept.patches) : rows;
  return matMul(seen, reshape(adapted, [width, channels * patch * patch]), false, true);
}
