import { add, matMul, mul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { adapterNames } from '../lora/adapters.js';
import { loraDropout } from '../lora/lora-dropout.js';
import type { Weights } from './weights.js';

/**
 * `x · weightᵀ + bias`, plus `alpha / rank · dropout(x) · Aᵀ · Bᵀ` where the record holds adapters of this weight. Rows are flat, so that the
 * weight's gradient is one 2-D product.
 *
 * @param x - [R, in]
 * @param weight - name of the weight [out, in]
 * @param bias - name of the bias [out]
 * @returns [R, out]
 */
export function linear(x: Tensor2D, weights: Weights, weight: string, bias: string): Tensor2D {
  const y = add<Tensor2D>(matMul(x, weights.get<Tensor2D>(weight), false, true), weights.get<Tensor1D>(bias));
  const [a, b] = adapterNames(weight).map((name) => weights.find<Tensor2D>(name));
  if (!a || !b) return y;
  const { scaling, dropout } = weights.lora;
  const dropped = dropout ? loraDropout(x, weights.nameOf(weight), dropout) : x;
  const low = mul<Tensor2D>(matMul(dropped, a, false, true), scaling(a.shape[0])); // [R, rank]: scaled where it is smallest
  return add(y, matMul(low, b, false, true));
}
