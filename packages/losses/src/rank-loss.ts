import { checkShapes, OptionError } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import {
  add,
  clipByValue,
  div,
  greater,
  maximum,
  mul,
  relu,
  slice,
  squeeze,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tidy,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import type { Features, HasNegatives } from './inputs.js';
import { ownCosines } from './internal/own-cosines.js';
import { ownHinge } from './internal/own-hinge.js';
import { validClasses } from './internal/valid-classes.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** The margins of `rankLoss`: state that you carry from step to step, made by `nextRankMargins`. */
export interface HasRankMargins {
  /** f32 [K], one per negative type, on logits; zeros before the first step. */
  readonly rankMargins: Tensor;
}

/** Options of `rankLoss`. */
export interface RankLossOptions {
  /**
   * Adds AHNPL's hinge on the positive pair, `max(0, positiveMargin − s · I·T)`.
   * @defaultValue none
   */
  readonly positiveMargin?: number;
}

/**
 * The cross-modal rank loss of CE-CLIP: a caption's logit must be above its own negatives' by a margin that grows as the model learns,
 * `max(0, m_k + s · I·N_k − s · I·T)`, averaged over the negatives of an image that exist, then over the images that have one.
 * The margins `m` are numbers to the loss; `nextRankMargins` gives those of the next step.
 *
 * Empty slots leave the mean (the authors' code counts them as zeros).
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [B + K·B, D] (captions, then negatives type-major), both
 *   L2-normalised; `logitScale` f32 [], already exponentiated
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}; `rankMargins` f32 [K]
 * @returns f32 [], 0 when the batch has no negative; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see arXiv 2306.08832, cross-modal rank loss; `positiveMargin`: arXiv 2505.15576
 * @example
 * const loss = rankLoss(output, { ...batch, rankMargins: zeros([3]) });
 */
export function rankLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: HasNegatives & HasRankMargins,
  options: RankLossOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { positiveMargin } = options;
  checkRankShapes('rankLoss', output, batch);
  if (positiveMargin !== undefined && !Number.isFinite(positiveMargin))
    throw new OptionError({
      function: 'rankLoss',
      argument: 'positiveMargin',
      rule: 'must be a finite number',
      got: String(positiveMargin),
    });
  return tidy(() => {
    const logits = ownLogits(output, batch);
    const { losses, counted } = ownHinge(logits, batch.negativeMask, batch.rankMargins);
    if (positiveMargin === undefined) return reduceLosses('rankLoss', losses, options, counted);
    const positives = relu(sub(positiveMargin, squeeze(slice(logits, [0, 0], [-1, 1]), [1]))); // [B]
    return reduceLosses('rankLoss', mul(add(losses, positives), counted), options, counted);
  });
}

/**
 * The margins of the next step: per type of negative the mean of `s · I·T − s · I·N_k` over the images that have it, kept in [0, upper].
 * A type that no image has keeps its margin. Carries no gradient.
 *
 * @param output - as for `rankLoss`
 * @param options - `upper`: the highest margin, 10 in the paper
 * @returns f32 [K]
 * @throws ShapeError, OptionError
 * @defaultValue `upper` is 10
 * @example
 * const rankMargins = nextRankMargins(output, { ...batch, rankMargins: zeros([3]) });
 */
export function nextRankMargins(
  output: Features,
  batch: HasNegatives & HasRankMargins,
  { upper = 10 }: { readonly upper?: number } = {},
): Tensor1D {
  checkRankShapes('nextRankMargins', output, batch);
  if (!(upper >= 0))
    throw new OptionError({ function: 'nextRankMargins', argument: 'upper', rule: 'must be at least 0', got: String(upper) });
  const { imageFeatures, textFeatures, logitScale } = output;
  const margins = (images: Tensor, texts: Tensor, scale: Tensor, mask: Tensor, before: Tensor): Tensor1D => {
    const logits = ownLogits({ imageFeatures: images, textFeatures: texts, logitScale: scale }, { negativeMask: mask });
    const exists = transpose(mask); // [B, K]
    const gaps = sub(slice(logits, [0, 0], [-1, 1]), slice(logits, [0, 1], [-1, -1]));
    const count = sum(exists, 0); // [K]
    const means = clipByValue(div(sum(mul(gaps, exists), 0), maximum(count, 1)), 0, upper);
    return where(greater(count, 0), means, before) as Tensor1D;
  };
  return tidy(() => detached(margins, imageFeatures, textFeatures, logitScale, batch.negativeMask, batch.rankMargins));
}

function checkRankShapes(name: string, output: Features, { negativeMask, rankMargins }: HasNegatives & HasRankMargins): void {
  checkShapes(name, {
    imageFeatures: [output.imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [output.textFeatures, 'B+K*B D'],
    logitScale: [output.logitScale, ''],
    rankMargins: [rankMargins, 'K'],
  });
}

/** [B, 1+K], the caption's first; empty slots 0. */
function ownLogits({ imageFeatures, textFeatures, logitScale }: Features, { negativeMask }: HasNegatives): Tensor {
  return mul(logitScale, mul(ownCosines(imageFeatures, textFeatures), validClasses(negativeMask)));
}
