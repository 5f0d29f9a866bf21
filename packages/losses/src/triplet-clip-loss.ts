import { checkShapes } from '@fsc-clip/core';
import { add, concat, ones, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Features } from './inputs.js';
import { negClipLoss } from './neg-clip-loss.js';
import type { Reduced, Reduction, ReductionOptions } from './reduction.js';

/**
 * The loss of TripletCLIP, where every negative caption has an image of its own: `negClipLoss` of the images over captions and negatives,
 * plus `negClipLoss` of the negatives' images over negatives and captions.
 *
 * @param output - `imageFeatures` and `negativeImageFeatures` f32 [B, D], `textFeatures` f32 [2·B, D] (captions, then their negatives), all
 *   L2-normalised; `logitScale` f32 [], already exponentiated
 * @param _batch - not used: every image must have its negative. There so that every loss is called alike
 * @returns f32 []; with `reduction: 'none'` f32 [B], both sides added
 * @throws ShapeError, OptionError
 * @see arXiv 2411.02545
 * @example
 * const loss = tripletClipLoss({ imageFeatures, negativeImageFeatures: imageFeatures, textFeatures: slice(textFeatures, 0, 16), logitScale });
 */
export function tripletClipLoss<R extends Reduction = 'mean'>(
  output: Features & { readonly negativeImageFeatures: Tensor },
  _batch?: unknown,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, negativeImageFeatures, textFeatures, logitScale } = output;
  const { B } = checkShapes('tripletClipLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeImageFeatures: [negativeImageFeatures, 'B D'],
    textFeatures: [textFeatures, 'B+B D'],
    logitScale: [logitScale, ''],
  });
  return tidy(() => {
    const batch = { negativeMask: ones([1, B]) };
    const turned = concat([slice(textFeatures, B), slice(textFeatures, 0, B)]); // negatives, then captions
    const sides = [
      negClipLoss({ imageFeatures, textFeatures, logitScale }, batch, options),
      negClipLoss({ imageFeatures: negativeImageFeatures, textFeatures: turned, logitScale }, batch, options),
    ] as const;
    return add(...sides) as Reduced<R>;
  });
}
