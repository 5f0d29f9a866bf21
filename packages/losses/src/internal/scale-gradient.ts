import { customGrad, mul, type Tensor } from '@tensorflow/tfjs-core';

/** `x` as it is, with `factor` times its gradient. */
export function scaleGradient(x: Tensor, factor: number): Tensor {
  return customGrad((value) => ({ value: (value as Tensor).clone(), gradFunc: (dy: Tensor) => mul(dy, factor) }))(x);
}
