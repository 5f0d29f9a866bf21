import { eye, logSoftmax, mul, neg, sum, type Tensor } from '@tensorflow/tfjs-core';

/** Cross-entropies [R] of logits [R, C], R ≤ C, where row r belongs to column r. */
export function diagonalCrossEntropy(logits: Tensor): Tensor {
  const [rows, columns] = logits.shape as [number, number];
  // log-softmax before the diagonal is taken: logsumexp − diagonal would cancel where the diagonal dominates
  return neg(sum(mul(logSoftmax(logits), eye(rows, columns)), 1));
}
