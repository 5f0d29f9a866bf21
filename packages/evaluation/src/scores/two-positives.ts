import { checkShapes, type HostArray } from '@fsc-clip/core';
import { type ItemScore, itemScore } from './score.js';

/** Scores of items with two right captions and a wrong one. */
export interface TwoPositivesScore {
  /** Both right captions are closer to the image than the wrong one; chance 1/3. */
  readonly imageToText: ItemScore;
  /** The right captions are closer to each other than either is to the wrong one; chance 1/3. */
  readonly textOnly: ItemScore;
}

/**
 * SugarCrepe++: does a model know two wordings of the same scene from a caption that only looks like them? Strict >.
 *
 * @param image - f32 [items, 3]: cosines of the image with positive 1, positive 2, negative
 * @param text - f32 [items, 3]: cosines of the captions: positive 1 with positive 2, positive 1 with negative, positive 2 with negative
 * @throws ShapeError when the shapes differ
 * @throws DataError when there is no item
 * Source: Dumpala et al., "SugarCrepe++" (NeurIPS 2024): ITT and TOT.
 * @example
 * const image = { data: Float32Array.of(0.31, 0.29, 0.25), shape: [1, 3] };
 * const text = { data: Float32Array.of(0.8, 0.9, 0.7), shape: [1, 3] };
 * const { imageToText, textOnly } = twoPositives(image, text); // right, wrong
 */
export function twoPositives(image: HostArray<Float32Array>, text: HostArray<Float32Array>): TwoPositivesScore {
  const { items } = checkShapes('twoPositives', { image: [image, 'items 3'], text: [text, 'items 3'] });
  const imageToText = new Float32Array(items);
  const textOnly = new Float32Array(items);
  for (let item = 0; item < items; item++) {
    const at = item * 3;
    imageToText[item] = image.data[at]! > image.data[at + 2]! && image.data[at + 1]! > image.data[at + 2]! ? 1 : 0;
    textOnly[item] = text.data[at]! > text.data[at + 1]! && text.data[at]! > text.data[at + 2]! ? 1 : 0;
  }
  return { imageToText: itemScore('twoPositives', imageToText), textOnly: itemScore('twoPositives', textOnly) };
}
