import type { Batch, ClipOutput } from '@fsc-clip/core';
import { checkShapes } from '@fsc-clip/core';
import { div, mul, reshape, type Scalar, slice, softplus, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * A loss of one's own: every caption is to be nearer to its image than each of its negatives, `log(1 + exp(s · (I·N − I·T)))`, the mean
 * over the slots that hold a negative.
 *
 * @param output - unit features: `imageFeatures` f32 [B, D], `textFeatures` f32 [B + K·B, D]
 * @param batch - `negativeMask` f32 [K, B], with a 1 in it
 */
export function softMarginLoss(
  { imageFeatures, textFeatures, logitScale }: Pick<ClipOutput<Tensor>, 'imageFeatures' | 'textFeatures' | 'logitScale'>,
  { negativeMask }: Pick<Batch<Tensor>, 'negativeMask'>,
): Scalar {
  const { B, K, D } = checkShapes('softMarginLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [textFeatures, 'B+K*B D'],
  });
  return tidy(() => {
    const cosines = sum(mul(imageFeatures, reshape(textFeatures, [1 + K, B, D])), 2); // [1+K, B]
    const margins = sub(slice(cosines, 1), slice(cosines, 0, 1)); // [K, B]
    return div(sum(mul(softplus(mul(logitScale, margins)), negativeMask)), sum(negativeMask));
  });
}
