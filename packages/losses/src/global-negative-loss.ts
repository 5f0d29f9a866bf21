import { checkShapes } from '@fsc-clip/core';
import { mul, tidy } from '@tensorflow/tfjs-core';
import { type CalibrationOptions, calibratedCrossEntropy, checkCalibration } from './calibrated-cross-entropy.js';
import type { Features, HasNegatives } from './inputs.js';
import { ownCosines } from './internal/own-cosines.js';
import { validClasses } from './internal/valid-classes.js';
import type { Reduced, Reduction, ReductionOptions } from './reduction.js';

/**
 * Every image chooses between its caption and its own K hard negatives: `calibratedCrossEntropy` over
 * `s · [I·T, I·N_1, …, I·N_K]`. An empty slot has logit 0 and stays in the softmax; images without any negative leave the mean.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [B + K·B, D] (captions, then negatives type-major), both
 *   L2-normalised; rows of empty slots hold any finite numbers. `logitScale` f32 [], already exponentiated
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}
 * @returns f32 []; 0 when the batch has no negative (the reference raises); with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see arXiv 2410.05210, global hard negative loss
 * @example
 * const loss = globalNegativeLoss({ imageFeatures, textFeatures, logitScale }, { negativeMask }, { focalGamma: 0, labelSmoothing: 0 });
 */
export function globalNegativeLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: HasNegatives,
  options: CalibrationOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { negativeMask } = batch;
  checkShapes('globalNegativeLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [textFeatures, 'B+K*B D'],
    logitScale: [logitScale, ''],
  });
  checkCalibration('globalNegativeLoss', options);
  return tidy(() => {
    const valid = validClasses(negativeMask); // [B, 1+K]
    const cosines = mul(ownCosines(imageFeatures, textFeatures), valid); // [B, 1+K]
    return calibratedCrossEntropy(mul(logitScale, cosines), valid, options);
  });
}
