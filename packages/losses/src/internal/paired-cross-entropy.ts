import { logSumExp, matMul, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { inRowChunks } from './row-chunks.js';

/**
 * Cross-entropies [R] of `s · X · Yᵀ` where row r of X [R, D] belongs to row r of `own` [R, D], one of the rows of Y [C, D]; a chunk of
 * rows at a time.
 */
export function pairedCrossEntropy(x: Tensor, own: Tensor, y: Tensor, scale: Tensor, chunkSize: number): Tensor {
  const ofRows = (rows: Tensor, theirs: Tensor, all: Tensor, s: Tensor) => {
    const right = mul(s, sum(mul(rows, theirs), 1, true)); // [c, 1]
    // subtracted before the exponentials: logsumexp − right would cancel where the right column dominates
    return logSumExp(sub(mul(s, matMul(rows, all, false, true)), right), 1);
  };
  return inRowChunks(ofRows as (...inputs: Tensor[]) => Tensor, [x, own], [y, scale], chunkSize);
}
