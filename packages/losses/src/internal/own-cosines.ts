import { mul, reshape, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';

/** Of every row of `queries` [B, D] with its own M texts out of `texts` [M·B, D] (type-major): [B, M]. */
export function ownCosines(queries: Tensor, texts: Tensor): Tensor {
  const [rows, width] = queries.shape as [number, number];
  return transpose(sum(mul(queries, reshape(texts, [-1, rows, width])), 2));
}
