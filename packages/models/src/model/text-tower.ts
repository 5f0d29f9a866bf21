import type { PackedTexts } from '@fsc-clip/core';
import {
  add,
  argMax,
  cast,
  greater,
  greaterEqual,
  less,
  logicalAnd,
  matMul,
  mul,
  range,
  reshape,
  slice,
  sub,
  type Tensor,
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

/** Texts of the text tower: i32 [N, T], padded, or packed into rows. */
export type TextInput = Tensor2D | PackedTexts<Tensor>;

/** Texts as rows of positions that a causal transformer runs over. */
interface TextRows {
  readonly batch: number;
  readonly length: number;
  /** Token and position embeddings: [batch · length, w]. */
  readonly embedded: Tensor2D;
  /** 0 where a position may look, -30000 elsewhere; broadcast to [batch, heads, length, length]. */
  readonly bias: Tensor;
  /** Rows of `embedded` that hold end-of-text: [N]. */
  readonly ends: Tensor1D;
  /** [batch · length, D] to [N, T, D]. */
  unpack(tokens: Tensor2D): Tensor3D;
  /** f32 [N, T]: 1 for words and end-of-text, 0 for start-of-text and padding. */
  mask(): Tensor2D;
}

/**
 * The text tower: causal, pooled at the first occurrence of the largest id, which is end-of-text.
 *
 * @returns `pooled` [N, D]: the end-of-text position after ln_final, times text_projection; if asked for, `tokens` [N, T, D]: all
 *   positions likewise, and their `mask` [N, T]
 */
export function textTower(
  weights: Weights,
  config: ClipConfig,
  texts: TextInput,
  denseTokens: boolean,
  remat: boolean,
): { readonly pooled: Tensor2D; readonly dense?: { readonly tokens: Tensor3D; readonly mask: Tensor2D } } {
  const { layers, heads } = textSizes(config.text_cfg);
  const { embedded, ends, unpack, mask, ...layout } = 'ids' in texts ? packedRows(weights, texts) : paddedRows(weights, texts);
  const run = { ...layout, layers, heads, quickGelu: config.quick_gelu === true, remat };
  const x = transformer(embedded, weights.under('transformer.'), run, denseTokens ? undefined : ends);
  const projection = weights.get<Tensor2D>('text_projection');
  if (!denseTokens) return { pooled: matMul(normed(x, weights, 'ln_final'), projection) };
  const projected = matMul(normed(x, weights, 'ln_final'), projection) as Tensor2D;
  return { pooled: gatherRows(projected, ends), dense: { tokens: unpack(projected), mask: mask() } };
}

function paddedRows(weights: Weights, texts: Tensor2D): TextRows {
  const [batch, length] = texts.shape;
  const starts = Array.from({ length: batch }, (_, row) => row * length);
  return {
    batch,
    length,
    embedded: embedTokens(weights, texts),
    bias: causalBias(length),
    ends: add<Tensor1D>(argMax(texts, 1), tensor1d(starts, 'int32')),
    unpack: (tokens) => reshape(tokens, [batch, length, tokens.shape[1]]),
    mask: () => textMask(texts),
  };
}

function packedRows(weights: Weights, { ids, positions, reach, gather, endIndex, mask }: PackedTexts<Tensor>): TextRows {
  const [batch, length] = ids.shape as [number, number];
  const places = batch * length;
  const flat = (x: Tensor) => reshape(x, [x.size]) as Tensor1D;
  const tokens = gatherRows(weights.get<Tensor2D>('token_embedding.weight'), flat(ids));
  const position = range(0, length, 1, 'int32');
  const [from, to] = [reshape(position, [length, 1]), reshape(position, [1, length])];
  const sees = logicalAnd(greaterEqual(from, to), less(from, reshape(reach, [batch, 1, 1, length]))); // [R, 1, L, L]
  return {
    batch,
    length,
    embedded: add(tokens, gatherRows(weights.get<Tensor2D>('positional_embedding'), flat(positions))),
    bias: mul(sub(cast(sees, 'float32'), 1), -unseen),
    ends: endIndex as Tensor1D,
    unpack: (tokens) => reshape(gatherRows(tokens, flat(gather)), [...(gather.shape as [number, number]), tokens.size / places]),
    mask: () => mask as Tensor2D,
  };
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

/** Added to the score of what must not be looked at. Finite, since WebGPU knows no infinity; within half precision's range. */
const unseen = -30000;

/** [T, T]: 0 where a position may look, -30000 to its right. */
export function causalBias(length: number): Tensor2D {
  const bias = new Float32Array(length * length);
  for (let from = 0; from < length; from++) bias.fill(unseen, from * length + from + 1, (from + 1) * length);
  return tensor2d(bias, [length, length]);
}
