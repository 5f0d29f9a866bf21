import {
  add,
  argMax,
  cast,
  greater,
  matMul,
  mul,
  reshape,
  slice,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { type ClipConfig, textSizes } from '../config/clip-config.js';
import { gatherRows } from '../layers/gather-rows.js';
import { normed, transformer } from './transformer.js';
import type { Weights } from './weights.js';

/**
 * The text tower: causal, pooled at the first occurrence of the largest id, which is end-of-text.
 *
 * @param texts - i32 [N, T]
 * @returns `pooled` [N, D]: the end-of-text position after ln_final, times text_projection; `tokens` [N, T, D]: all positions likewise,
 *   if asked for
 */
export function textTower(
  weights: Weights,
  config: ClipConfig,
  texts: Tensor2D,
  denseTokens: boolean,
): { readonly pooled: Tensor2D; readonly tokens?: Tensor3D } {
  const [batch, length] = texts.shape;
  const { layers, heads } = textSizes(config.text_cfg);
  const run = { layers, heads, quickGelu: config.quick_gelu === true, batch, length, bias: causalBias(length) };
  const x = transformer(embedTokens(weights, texts), weights.under('transformer.'), run); // [N·T, w]

  const rowStarts = tensor1d(
    Array.from({ length: batch }, (_, row) => row * length),
    'int32',
  );
  const ends = add<Tensor1D>(argMax(texts, 1), rowStarts); // rows of x: [N]
  const projection = weights.get<Tensor2D>('text_projection');
  if (!denseTokens) return { pooled: matMul(normed(gatherRows(x, ends), weights, 'ln_final'), projection) };
  const projected = matMul(normed(x, weights, 'ln_final'), projection) as Tensor2D; // [N·T, D]
  return { pooled: gatherRows(projected, ends), tokens: reshape(projected, [batch, length, config.embed_dim]) };
}

/** Token and position embeddings: [N · T, w]. Fewer positions than the context is long take the first ones. */
export function embedTokens(weights: Weights, texts: Tensor2D): Tensor2D {
  const [batch, length] = texts.shape;
  const tokens = gatherRows(weights.get<Tensor2D>('token_embedding.weight'), reshape(texts, [batch * length])); // [N·T, w]
  const width = tokens.shape[1];
  const all = weights.get<Tensor2D>('positional_embedding');
  const positions = all.shape[0] === length ? all : slice(all, [0, 0], [length, width]);
  return reshape(add(reshape(tokens, [batch, length, width]), positions), [batch * length, width]);
}

/**
 * 1 for words and end-of-text, 0 for start-of-text (the first position) and padding. As in the reference, padding is what has id 0, so a
 * real token with id 0 ("!" inside a word) counts as padding too.
 *
 * @param texts - i32 [N, T]
 * @returns f32 [N, T]
 */
export function textMask(texts: Tensor2D): Tensor2D {
  const afterStart = tensor1d(Array.from({ length: texts.shape[1] }, (_, position) => (position === 0 ? 0 : 1)));
  return mul(cast(greater(texts, 0), 'float32'), afterStart);
}

/** [T, T]: 0 where a position may look, -30000 to its right. Finite, since WebGPU knows no infinity; within half precision's range. */
export function causalBias(length: number): Tensor2D {
  const bias = new Float32Array(length * length);
  for (let from = 0; from < length; from++) bias.fill(-30000, from * length + from + 1, (from + 1) * length);
  return tensor2d(bias, [length, length]);
}
