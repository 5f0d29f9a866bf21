import { remat } from '@fsc-clip/core/tensor';
import { add, mul, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { type AttentionLayout, attention } from '../layers/attention.js';
import { gatherRows } from '../layers/gather-rows.js';
import { gelu, quickGelu } from '../layers/gelu.js';
import { layerNorm } from '../layers/layer-norm.js';
import { linear } from './linear.js';
import type { Weights } from './weights.js';

/** How a transformer runs, apart from its weights. */
export interface TransformerRun extends AttentionLayout {
  readonly layers: number;
  readonly quickGelu: boolean;
  /** Keeps only what goes into each block, and computes the block again for its gradient. */
  readonly remat?: boolean;
}

/**
 * The residual blocks, one after the other: x [batch · length, w] in and out.
 *
 * @param pooled - i32 [n]: the only rows that are asked for, [n, w]. Behind its attention the last block then computes nothing else, three
 *   quarters of a block less
 */
export function transformer(x: Tensor2D, weights: Weights, run: TransformerRun, pooled?: Tensor1D): Tensor2D {
  const last = run.layers - 1;
  for (let i = 0; i <= last; i++) {
    const rows = i === last ? pooled : undefined;
    const block = (x: Tensor2D, ...[bias]: Tensor[]) =>
      residualBlock(x, weights.under(`resblocks.${i}.`), { ...run, ...(bias && { bias }) }, rows);
    const bias = run.bias ? [run.bias] : []; // an argument, since it may be gone in the backward pass
    x = (run.remat ? remat(block) : block)(x, ...bias);
  }
  return x;
}

/**
 * `x + attention(ln_1(x))`, then `x + mlp(ln_2(x))`; each branch times its layer scale where the weights hold one.
 *
 * @param pooled - i32 [n]: the only rows that are asked for
 */
export function residualBlock(x: Tensor2D, weights: Weights, run: TransformerRun, pooled?: Tensor1D): Tensor2D {
  const scaled = (branch: Tensor2D, name: string) => {
    const gamma = weights.find<Tensor1D>(name);
    return gamma ? mul<Tensor2D>(branch, gamma) : branch;
  };
  const attended = selfAttention(normed(x, weights, 'ln_1'), weights, run, pooled);
  x = add<Tensor2D>(pooled ? gatherRows(x, pooled) : x, scaled(attended, 'ls_1.gamma'));
  return add(x, scaled(mlp(normed(x, weights, 'ln_2'), weights, run), 'ls_2.gamma'));
}

/** Fused q, k, v projection, attention, output projection: that of the pooled rows alone, if there are any. */
export function selfAttention(x: Tensor2D, weights: Weights, run: TransformerRun, pooled?: Tensor1D): Tensor2D {
  const qkv = linear(x, weights, 'attn.in_proj_weight', 'attn.in_proj_bias'); // [R, 3w]
  const attended = attention(qkv, run);
  return linear(pooled ? gatherRows(attended, pooled) : attended, weights, 'attn.out_proj.weight', 'attn.out_proj.bias');
}

/** Two linear layers with the activation between. */
export function mlp(x: Tensor2D, weights: Weights, run: TransformerRun): Tensor2D {
  const hidden = linear(x, weights, 'mlp.c_fc.weight', 'mlp.c_fc.bias');
  return linear(run.quickGelu ? quickGelu(hidden) : gelu(hidden), weights, 'mlp.c_proj.weight', 'mlp.c_proj.bias');
}

/** The LayerNorm of this name. */
export function normed(x: Tensor2D, weights: Weights, name: string): Tensor2D {
  return layerNorm(x, weights.get<Tensor1D>(`${name}.weight`), weights.get<Tensor1D>(`${name}.bias`));
}
