import { greaterEqual, matMul, mul, rsqrt, sum, type Tensor, where, zerosLike } from '@tensorflow/tfjs-core';

/**
 * `v · q / |v|` of pooled patches `v[l] = Σ_p w[l,p] patches[p]` with the queries q[l] that the similarities are of, without building v:
 * its product with the query is `Σ_p w·a`, and its length follows from the products of the patches among themselves, `|v|² = w G wᵀ`.
 *
 * @param similarity - a [B, L, P], query · patch
 * @param weights - w [B, L, P]
 * @param patches - [B, P, D]
 * @returns [B, L]; 0 where the pooled patch is
 */
export function pooledCosines(similarity: Tensor, weights: Tensor, patches: Tensor): Tensor {
  const patchProducts = matMul(patches, patches, false, true); // G [B, P, P]
  const products = sum(mul(weights, similarity), -1);
  return mul(products, inverseLength(sum(mul(matMul(weights, patchProducts), weights), -1)));
}

/** `1 / √x` of squared lengths; 0 with gradient 0 where the length is below 1e-12. */
export function inverseLength(squared: Tensor): Tensor {
  const long = greaterEqual(squared, 1e-24);
  return where(long, rsqrt(where(long, squared, 1)), zerosLike(squared));
}
