import { checkShapes } from '@fsc-clip/core';
import { cast, greater, logSumExp, mul, slice, squeeze, sub, sum, tidy, transpose, where } from '@tensorflow/tfjs-core';
import type { Features, HasNegatives } from './inputs.js';
import { captionsOf } from './internal/captions.js';
import { ownCosines } from './internal/own-cosines.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The intra-modal contrast of CE-CLIP: a caption moves away from its own hard negatives *among the texts*, measured against how near its
 * image is: `−log( exp(s · I·T) / Σ_k exp(s · T·N_k) )`, the sum over the negatives that exist. It can be below 0.
 *
 * The authors' code computes another thing (a cross-entropy over `s · T·N` of the whole batch whose label is always column 0); this is
 * the paper's formula.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [B + K·B, D] (captions, then negatives type-major), both
 *   L2-normalised; `logitScale` f32 [], already exponentiated
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}
 * @returns f32 [], the mean over images with a negative, 0 without any; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see arXiv 2306.08832, intra-modal contrastive loss
 * @example
 * const loss = intraModalLoss({ imageFeatures, textFeatures, logitScale }, { negativeMask });
 */
export function intraModalLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: HasNegatives,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { negativeMask } = batch;
  const { B, K, D } = checkShapes('intraModalLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [textFeatures, 'B+K*B D'],
    logitScale: [logitScale, ''],
  });
  return tidy(() => {
    const captions = captionsOf(textFeatures, B);
    const negatives = slice(textFeatures, [B, 0], [K * B, D]);
    const exists = greater(transpose(negativeMask), 0); // [B, K]
    const among = where(exists, mul(logitScale, ownCosines(captions, negatives)), -1e30); // [B, K]; finite, for rows without any
    const counted = cast(greater(sum(negativeMask, 0), 0), 'float32'); // [B]
    const right = mul(logitScale, squeeze(ownCosines(imageFeatures, captions), [1])); // [B]
    const losses = where(greater(counted, 0), sub(logSumExp(among, 1), right), 0);
    return reduceLosses('intraModalLoss', losses, options, counted);
  });
}
