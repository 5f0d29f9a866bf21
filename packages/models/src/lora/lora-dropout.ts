import { foldInKey, uniform } from '@fsc-clip/core/tensor';
import { greaterEqual, mul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/** Dropout before the adapters of linear layers, while training. The patch embedding has none, as in the reference's layers. */
export interface LoraDropout {
  /** Share of numbers that are left out, in [0, 1). */
  readonly rate: number;
  /** i32 [2], an input of the program: another one for every step. Each layer folds its name into it. */
  readonly key: Tensor1D;
}

/**
 * `x` with some numbers zero and the rest divided by `1 − rate`.
 *
 * @param x - [R, in]
 * @param name - the layer's weight: layers draw independently
 * @returns [R, in]
 */
export function loraDropout(x: Tensor2D, name: string, { rate, key }: LoraDropout): Tensor2D {
  if (rate === 0) return x;
  const kept = greaterEqual(uniform(foldInKey(key, name), x.shape), rate);
  return mul(mul(x, kept), 1 / (1 - rate));
}
