import { checkShapes, OptionError } from '@fsc-clip/core';
import { mul, tidy } from '@tensorflow/tfjs-core';
import type { Features, HasNegatives } from './inputs.js';
import { ownCosines } from './internal/own-cosines.js';
import { ownHinge } from './internal/own-hinge.js';
import { validClasses } from './internal/valid-classes.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** Options of `hingeLoss`. */
export interface HingeOptions {
  /** By how much a caption's cosine must be above its negatives'; finite. @defaultValue 0.2 */
  readonly margin?: number;
}

/**
 * A hinge with a fixed margin between every caption and its own hard negatives, on cosines: `max(0, margin − I·T + I·N_k)`, averaged over
 * the negatives of an image that exist, then over the images that have one. For a margin that follows the model see `rankLoss`.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [B + K·B, D] (captions, then negatives type-major), both L2-normalised
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}
 * @returns f32 [], 0 when the batch has no negative; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see Structure-CLIP, arXiv 2305.06152
 * @example
 * const loss = hingeLoss({ imageFeatures, textFeatures }, { negativeMask }, { margin: 0.1 });
 */
export function hingeLoss<R extends Reduction = 'mean'>(
  output: Pick<Features, 'imageFeatures' | 'textFeatures'>,
  batch: HasNegatives,
  options: HingeOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures } = output;
  const { negativeMask } = batch;
  const { margin = 0.2 } = options;
  checkShapes('hingeLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [textFeatures, 'B+K*B D'],
  });
  if (!Number.isFinite(margin))
    throw new OptionError({ function: 'hingeLoss', argument: 'margin', rule: 'must be a finite number', got: String(margin) });
  return tidy(() => {
    const cosines = mul(ownCosines(imageFeatures, textFeatures), validClasses(negativeMask)); // [B, 1+K]
    const { losses, counted } = ownHinge(cosines, negativeMask, margin);
    return reduceLosses('hingeLoss', losses, options, counted);
  });
}
