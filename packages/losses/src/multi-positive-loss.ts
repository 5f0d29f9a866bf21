import { checkShapes } from '@fsc-clip/core';
import {
  add,
  cast,
  div,
  equal,
  expandDims,
  greater,
  greaterEqual,
  logicalAnd,
  logSoftmax,
  matMul,
  maximum,
  mul,
  neg,
  sum,
  type Tensor,
  tidy,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import type { Features, HasImageIds } from './inputs.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** Which image each text of a batch describes. */
export interface HasTextIds extends HasImageIds {
  /** i32 [N]; the `imageIds` of its image, −1 for a text that is only a negative, −2 for a slot that holds no text. */
  readonly textIds: Tensor;
}

/**
 * InfoNCE where an image may have several captions, and a caption several images: the mean over the positive pairs of an image of both
 * log-probabilities, `−½ Σ_{j ∈ P(i)} (log p(j|i) + log p(i|j)) / |P(i)|`, `p(j|i)` a softmax over the texts, `p(i|j)` over the images.
 * With one caption per image and no negative it is `clipLoss`.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D] in any order and number, both L2-normalised; `logitScale` f32
 *   [], already exponentiated
 * @param batch - `imageIds` i32 [B], `textIds` i32 [N]: a text is positive for the images of its number
 * @returns f32 [], the mean over images with a text, 0 without any; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see supervised contrastive learning, arXiv 2004.11362, equation 2; several positives of an image: CLIC, arXiv 2505.24424
 * @example
 * const ids = { imageIds: range(0, 8, 1, 'int32'), textIds: tile(range(0, 8, 1, 'int32'), [4]) }; // four captions each
 * const loss = multiPositiveLoss(output, ids);
 */
export function multiPositiveLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: HasTextIds,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { imageIds, textIds } = batch;
  checkShapes('multiPositiveLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, 'N D'],
    imageIds: [imageIds, 'B'],
    textIds: [textIds, 'N'],
    logitScale: [logitScale, ''],
  });
  return tidy(() => {
    const holdsText = greater(textIds, -2); // [N]
    const positive = cast(logicalAnd(equal(expandDims(imageIds, 1), textIds), greaterEqual(textIds, 0)), 'float32'); // [B, N]
    const logits = where(holdsText, mul(logitScale, matMul(imageFeatures, textFeatures, false, true)), -1e30); // [B, N]
    const perText: Tensor = transpose(logSoftmax(transpose(logits))); // over the images
    const pairs = mul(positive, add(logSoftmax(logits), perText));
    const texts = sum(positive, 1); // [B]
    const losses = neg(div(sum(pairs, 1), mul(2, maximum(texts, 1))));
    return reduceLosses('multiPositiveLoss', losses, options, cast(greater(texts, 0), 'float32'));
  });
}
