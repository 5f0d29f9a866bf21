import { checkShapes, OptionError } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import {
  cast,
  concat,
  expandDims,
  greater,
  logicalNot,
  matMul,
  oneHot,
  range,
  reshape,
  sum,
  type Tensor,
  tidy,
  topk,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import type { Features, HasImageIds, HasNegatives } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { sameImage } from './internal/same-image.js';

/** Options of `mineNegatives`. */
export interface MiningOptions {
  /** How many per image, at least 1 and below B. @defaultValue 1 */
  readonly count?: number;
}

/**
 * Hard negatives out of the batch itself: for every image the captions of *other* images that are nearest to it. What comes back is what
 * the losses over hard negatives take; gradients flow through the mined captions to where they came from, not through the choice.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part
 * @param batch - `imageIds` i32 [B]: rows of the same image are not each other's negatives; without it each is its own
 * @returns `textFeatures` f32 [B + K·B, D], captions, then the nearest, the second, …, and `negativeMask` f32 [K, B], 0 where the batch
 *   holds too few other images; K = `count`
 * @throws ShapeError, OptionError
 * @see VSE++, arXiv 1707.05612
 * @example
 * const mined = mineNegatives(output, { imageIds: range(0, 8, 1, 'int32') }, { count: 3 });
 * const loss = globalNegativeLoss({ ...output, textFeatures: mined.textFeatures }, mined);
 */
export function mineNegatives(
  output: Pick<Features, 'imageFeatures' | 'textFeatures'>,
  batch: Partial<HasImageIds> = {},
  { count = 1 }: MiningOptions = {},
): Pick<Features, 'textFeatures'> & HasNegatives {
  const { imageFeatures, textFeatures } = output;
  const { imageIds } = batch;
  const { B } = checkShapes('mineNegatives', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
  });
  checkCaptions('mineNegatives', textFeatures, B);
  if (imageIds) checkShapes('mineNegatives', { imageIds: [imageIds, `${B}`] });
  if (!(Number.isInteger(count) && count >= 1 && count < B)) {
    const rule = `must be an integer from 1 to ${B - 1}, the other rows of the batch`;
    throw new OptionError({ function: 'mineNegatives', argument: 'count', rule, got: String(count) });
  }
  return tidy(() => {
    const captions = captionsOf(textFeatures, B);
    const others = logicalNot(sameImage(imageIds, B)); // [B, B]
    const nearest = (images: Tensor, texts: Tensor) => {
      const { indices } = topk(where(others, matMul(images, texts, false, true), -1e30), count); // [B, K]
      return cast(reshape(oneHot(cast(transpose(indices), 'int32'), B), [count * B, B]), 'float32');
    };
    const chosen = detached(nearest, imageFeatures, captions); // [K·B, B], one 1 a row
    const found = sum(cast(others, 'float32'), 1); // [B]
    const negativeMask = cast(greater(expandDims(found, 0), expandDims(range(0, count), 1)), 'float32'); // [K, B]
    return { textFeatures: concat([captions, matMul(chosen, captions)]), negativeMask };
  });
}
