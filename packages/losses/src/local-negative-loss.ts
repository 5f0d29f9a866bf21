import { checkShapes } from '@fsc-clip/core';
import { mul, tidy } from '@tensorflow/tfjs-core';
import { type CalibrationOptions, calibratedCrossEntropy, checkCalibration } from './calibrated-cross-entropy.js';
import type { DenseTokens, HasNegatives } from './inputs.js';
import { type AlignmentOptions, checkAlignment } from './internal/patch-weights.js';
import { validClasses } from './internal/valid-classes.js';
import { localScores } from './local-scores.js';
import type { Reduced, Reduction, ReductionOptions } from './reduction.js';

/** Options of `localNegativeLoss`. */
export interface LocalNegativeOptions extends AlignmentOptions, CalibrationOptions {}

/**
 * Every image chooses between its caption and its own K hard negatives by how their words find patches: `calibratedCrossEntropy` over
 * `localScores`. An empty slot has score 0 and stays in the softmax; images without any negative leave the mean.
 *
 * The mask of the models here, as the reference's, counts a real token with id 0 ("!" inside a word) as padding.
 *
 * @param output - `imageTokens` f32 [B, P, D]; `textTokens` f32 [B + K·B, T, D] (captions, then negatives type-major), neither
 *   normalised; `textMask` f32 [B + K·B, T] in {0, 1}; `logitScale` f32 [], already exponentiated
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}
 * @returns f32 []; 0 when the batch has no negative (the reference raises); with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see arXiv 2410.05210, local hard negative loss
 * @example
 * const loss = localNegativeLoss({ imageTokens, textTokens, textMask, logitScale }, { negativeMask }, { normalizer: 'softmax' });
 */
export function localNegativeLoss<R extends Reduction = 'mean'>(
  output: DenseTokens,
  batch: HasNegatives,
  options: LocalNegativeOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageTokens, textTokens, textMask, logitScale } = output;
  const { negativeMask } = batch;
  checkShapes('localNegativeLoss', {
    imageTokens: [imageTokens, 'B P D'],
    negativeMask: [negativeMask, 'K B'],
    textTokens: [textTokens, 'B+K*B T D'],
    textMask: [textMask, 'B+K*B T'],
    logitScale: [logitScale, ''],
  });
  checkAlignment('localNegativeLoss', options);
  checkCalibration('localNegativeLoss', options);
  return tidy(() => {
    const valid = validClasses(negativeMask); // [B, 1+K]
    return calibratedCrossEntropy(mul(localScores(output, options), valid), valid, options);
  });
}
