import { add, mul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { type AttentionLayout, attention } from '../layers/attention.js';
import { gelu, quickGelu } from '../layers/gelu.js';
import { layerNorm } from '../layers/layer-norm.js';
import { linear } from './linear.js';
import type { Weights } from './weights.js';

/** How a transformer runs, apart from its weights. */
export interface TransformerRun extends AttentionLayout {
  readonly layers: number;
  readonly quickGelu: boolean;
}

/** The residual blocks, one after the other: x [batch · length, w] in and out. */
export function transformer(x: Tensor2D, weights: Weights, run: TransformerRun): Tensor2D {
  for (let i = 0; i < run.layers; i++) x = residualBlock(x, weights.under(`resblocks.${i}.`), run);
  return x;
}

/** `x + attention(ln_1(x))`, then `x + mlp(ln_2(x))`; each branch times its layer scale where the weights hold one. */
export function residualBlock(x: Tensor2D, weights: Weights, run: TransformerRun): Tensor2D {
  const scaled = (branch: Tensor2D, name: string) => {
    const gamma = weights.find<Tensor1D>(name);
    return gamma ? mul<Tensor2D>(branch, gamma) : branch;
  };
  x = add<Tensor2D>(x, scaled(selfAttention(normed(x, weights, 'ln_1'), weights, run), 'ls_1.gamma'));
  return add(x, scaled(mlp(normed(x, weights, 'ln_2'), weights, run), 'ls_2.gamma'));
}

/** Fused q, k, v projection, attention, output projection. */
export function selfAttention(x: Tensor2D, weights: Weights, run: TransformerRun): Tensor2D {
  const qkv = linear(x, weights, 'attn.in_proj_weight', 'attn.in_proj_bias'); // [R, 3w]
  return linear(attention(qkv, run), weights, 'attn.out_proj.weight', 'attn.out_proj.bias');
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
