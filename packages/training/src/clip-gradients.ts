import type { Params } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { add, addN, div, minimum, mul, type Scalar, sqrt, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Length of all gradients taken as one vector: `√(Σ g²)`. A scalar. */
export function globalNorm(grads: Params<Tensor>): Scalar {
  return tidy(() => sqrt(addN(Object.values(grads).map((grad) => sum(square(grad))))) as Scalar);
}

/**
 * Shortens all gradients by one factor so that their global norm is at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_` does:
 * `g ← g · min(1, maxNorm / (norm + 1e-6))`.
 *
 * @param maxNorm - above 0; `Infinity` measures and leaves the gradients as they are
 * @returns the gradients, and `norm`, the global norm *before* clipping
 */
export function clipGradients(grads: Params<Tensor>, maxNorm: number): { readonly grads: Params<Tensor>; readonly norm: Scalar } {
  return tidy(() => {
    const norm = globalNorm(grads);
    if (maxNorm === Number.POSITIVE_INFINITY) return { grads, norm };
    const factor = minimum(div(maxNorm, add(norm, 1e-6)), 1);
    return { grads: mapParams(grads, (grad) => mul(grad, factor)), norm };
  });
}
