import { add, customGrad, erf, exp, mul, sigmoid, square, sub, type Tensor } from '@tensorflow/tfjs-core';

type Save = (tensors: Tensor[]) => void;

/** The exact GELU, `x · Φ(x)` with `Φ(x) = ½ (1 + erf(x / √2))`; its derivative is `Φ(x) + x · φ(x)`. */
export function gelu<T extends Tensor>(x: T): T {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [T, Save];
    const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    save([x, cdf]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [x, cdf] = saved as [T, T];
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return mul(dy, add(cdf, mul(x, density)));
    };
    return { value: mul(x, cdf), gradFunc };
  });
  return op(x) as T;
}

/** QuickGELU, `y = x · s` with `s = σ(1.702 x)`; its derivative is `s + 1.702 y (1 − s)`. */
export function quickGelu<T extends Tensor>(x: T): T {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [T, Save];
    const gate = sigmoid(mul(x, 1.702));
    const y = mul(x, gate);
    save([y, gate]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [y, gate] = saved as [T, T];
      return mul(dy, add(gate, mul(mul(y, 1.702), sub(1, gate))));
    };
    return { value: y, gradFunc };
  });
  return op(x) as T;
}
