import { checkShapes, OptionError } from '@fsc-clip/core';
import {
  add,
  cast,
  div,
  logicalNot,
  matMul,
  max,
  maximum,
  mul,
  relu,
  sub,
  sum,
  type Tensor,
  tidy,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import type { Features, HasImageIds } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { sameImage } from './internal/same-image.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** Options of `tripletLoss`. */
export interface TripletOptions {
  /** By how much a pair's cosine must be above the others'; finite. @defaultValue 0.2 */
  readonly margin?: number;
  /** True takes the hardest other of the batch on each side, false the mean over all others. @defaultValue true */
  readonly hardest?: boolean;
}

/**
 * Triplets inside the batch: `max(0, margin − I_i·T_i + I_i·T_j) + max(0, margin − I_i·T_i + I_j·T_i)` with the hardest j of each side, or
 * averaged over all j. Rows of the same image are not each other's negatives.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part
 * @param batch - `imageIds` i32 [B]: which rows show the same image; without it each is its own
 * @returns f32 []; with `reduction: 'none'` f32 [B]. An image without any other in the batch has 0
 * @throws ShapeError, OptionError
 * @see VSE++, arXiv 1707.05612, equation 6; Structure-CLIP, arXiv 2305.06152
 * @example
 * const loss = tripletLoss({ imageFeatures, textFeatures }, { imageIds: tensor1d([0, 0, 1, 2, 3, 4, 5, 6], 'int32') });
 */
export function tripletLoss<R extends Reduction = 'mean'>(
  output: Pick<Features, 'imageFeatures' | 'textFeatures'>,
  batch: Partial<HasImageIds> = {},
  options: TripletOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures } = output;
  const { imageIds } = batch;
  const { margin = 0.2, hardest = true } = options;
  const { B } = checkShapes('tripletLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
  });
  checkCaptions('tripletLoss', textFeatures, B);
  if (imageIds) checkShapes('tripletLoss', { imageIds: [imageIds, `${B}`] });
  if (!Number.isFinite(margin))
    throw new OptionError({ function: 'tripletLoss', argument: 'margin', rule: 'must be a finite number', got: String(margin) });
  return tidy(() => {
    const captions = captionsOf(textFeatures, B);
    const cosines = matMul(imageFeatures, captions, false, true); // [B, B]
    const right = sum(mul(imageFeatures, captions), 1, true); // [B, 1]
    const others = logicalNot(sameImage(imageIds, B));
    const side = (scores: Tensor): Tensor => {
      if (hardest) return relu(add(sub(max(where(others, scores, -1e30), 1, true), right), margin));
      const counted = cast(others, 'float32');
      const hinges = mul(relu(add(sub(scores, right), margin)), counted);
      return div(sum(hinges, 1, true), maximum(sum(counted, 1, true), 1));
    };
    const losses = add(side(cosines), side(transpose(cosines))); // [B, 1]
    return reduceLosses('tripletLoss', sum(losses, 1), options);
  });
}
