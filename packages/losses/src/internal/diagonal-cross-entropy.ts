import { eye, logSoftmax, mul, neg, type Scalar, sum, type Tensor } from '@tensorflow/tfjs-core';

/** Mean cross-entropy of logits [R, C], R ≤ C, where row r belongs to column r. */
export function diagonalCrossEntropy(logits: Tensor): Scalar {
  const [rows, columns] = logits.shape as [number, number];
  // log-softmax before the diagonal is taken: logsumexp − diagonal would cancel where the diagonal dominates
  return neg(sum<Scalar>(mul(mul(logSoftmax(logits), eye(rows, columns)), 1 / rows)));
}
