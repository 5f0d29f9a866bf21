import { add, customGrad, mean, mul, rsqrt, square, sub, sum, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/** Added to the variance, as in PyTorch and open_clip. */
const epsilon = 1e-5;

/**
 * LayerNorm over rows: `(x − mean) / √(variance + 1e-5) · weight + bias`. The gradient is written out, with `n` the normalised row and
 * `g = dy · weight`: `dx = (g − mean(g) − n · mean(g · n)) / √(variance + 1e-5)`, in about half the operations of tfjs's own rules.
 *
 * @param x - [R, w]
 * @param weight - [w]
 * @param bias - [w]
 * @returns [R, w]
 */
export function layerNorm(x: Tensor2D, weight: Tensor1D, bias: Tensor1D): Tensor2D {
  const op = customGrad((...args) => {
    const [x, weight, bias, save] = args as [Tensor2D, Tensor1D, Tensor1D, (tensors: Tensor[]) => void];
    const centred = sub(x, mean(x, 1, true));
    const inverse = rsqrt(add(mean(square(centred), 1, true), epsilon)); // [R, 1]
    const normal = mul(centred, inverse);
    save([normal, inverse, weight]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [normal, inverse, weight] = saved as [Tensor, Tensor, Tensor];
      const g = mul(dy, weight);
      const along = mul(normal, mean(mul(g, normal), 1, true));
      return [mul(sub(sub(g, mean(g, 1, true)), along), inverse), sum(mul(dy, normal), 0), sum(dy, 0)];
    };
    return { value: add(mul(normal, weight), bias), gradFunc };
  });
  return op(x, weight, bias) as Tensor2D;
}
