import { customGrad, maximum, mul, rsqrt, square, sub, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Rows of unit length, `y = x / max(‖x‖, 1e-12)` as PyTorch's `normalize`; the gradient is `(dy − y (dy · y)) / ‖x‖`.
 *
 * @param x - [R, D]
 * @returns [R, D]
 */
export function normalize(x: Tensor2D): Tensor2D {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [Tensor2D, (tensors: Tensor[]) => void];
    const inverse = rsqrt(maximum(sum(square(x), 1, true), 1e-24)); // [R, 1]
    const y = mul(x, inverse);
    save([y, inverse]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [y, inverse] = saved as [Tensor, Tensor];
      return mul(sub(dy, mul(y, sum(mul(dy, y), 1, true))), inverse);
    };
    return { value: y, gradFunc };
  });
  return op(x) as Tensor2D;
}
