import { concat, ones, type Tensor, transpose } from '@tensorflow/tfjs-core';

/** Which of the 1 + K texts of every image exist: the caption (class 0) always does. [K, B] to [B, 1+K]. */
export function validClasses(negativeMask: Tensor): Tensor {
  return concat([ones([negativeMask.shape[1]!, 1]), transpose(negativeMask)], 1);
}
