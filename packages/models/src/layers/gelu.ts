import { add, customGrad, erf, exp, mul, neg, sigmoid, square, sub, type Tensor } from '@tensorflow/tfjs-core';

type Save = (tensors: Tensor[]) => void;

// Both are written so that the numbers which `x` and the result are multiplied by stand first and last: there a compiler moves them into the
// matrix products before and behind.

/**
 * The exact GELU, `x · Φ(x)`. With `z = x / √2`, `c = 1 + erf(z)` and `u = z · c` it is `u / √2`, and its derivative
 * `(c + 2/√π · z · exp(−z²)) / 2`.
 */
export function gelu<T extends Tensor>(x: T): T {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [T, Save];
    const z = mul(x, Math.SQRT1_2);
    const c = add(erf(z), 1);
    save([z, c]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [z, c] = saved as [T, T];
      const dU = mul(dy, Math.SQRT1_2);
      const slope = mul(mul(z, exp(neg(square(z)))), 2 / Math.sqrt(Math.PI));
      return mul(mul(dU, add(c, slope)), Math.SQRT1_2);
    };
    return { value: mul(mul(z, c), Math.SQRT1_2), gradFunc };
  });
  return op(x) as T;
}

/**
 * QuickGELU, `x · σ(1.702 x)`. With `z = 1.702 x`, `s = σ(z)` and `u = z · s` it is `u / 1.702`, and its derivative `s + u (1 − s)`.
 */
export function quickGelu<T extends Tensor>(x: T): T {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [T, Save];
    const z = mul(x, 1.702);
    const gate = sigmoid(z);
    const u = mul(z, gate);
    save([u, gate]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [u, gate] = saved as [T, T];
      const dU = mul(dy, 1 / 1.702);
      return mul(mul(dU, add(gate, mul(u, sub(1, gate)))), 1.702);
    };
    return { value: mul(u, 1 / 1.702), gradFunc };
  });
  return op(x) as T;
}
