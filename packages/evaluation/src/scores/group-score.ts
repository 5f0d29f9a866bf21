import { checkShapes, type HostArray } from '@fsc-clip/core';
import { type ItemScore, itemScore } from './score.js';

/** The three Winoground scores. */
export interface GroupScore {
  /** Each image prefers its own caption; chance 1/4. */
  readonly text: ItemScore;
  /** Each caption prefers its own image; chance 1/4. */
  readonly image: ItemScore;
  /** Both hold; chance 1/6. */
  readonly group: ItemScore;
}

/**
 * Winoground's text, image and group score over pairs of images and captions, each the other's foil. A model blind to the image, or
 * to the order of words, cannot pass. Strict >: ties and NaN are wrong.
 *
 * With `s[i][c]` the score of image i and caption c: text is `s[0][0] > s[0][1] and s[1][1] > s[1][0]`, image is
 * `s[0][0] > s[1][0] and s[1][1] > s[0][1]`.
 *
 * @param scores - f32 [items, 2, 2]: item, image, caption
 * @returns scores over items
 * @throws ShapeError when `scores` is not [items, 2, 2]
 * @throws DataError when there is no item
 * Source: Thrush et al., "Winoground" (CVPR 2022), equations 1–3.
 * @example
 * const scores = { data: Float32Array.of(0.3, 0.2, 0.1, 0.25), shape: [1, 2, 2] };
 * groupScore(scores).group.value; // 1
 */
export function groupScore(scores: HostArray<Float32Array>): GroupScore {
  const { items } = checkShapes('groupScore', { scores: [scores, 'items 2 2'] });
  const text = new Float32Array(items);
  const image = new Float32Array(items);
  const group = new Float32Array(items);
  for (let item = 0; item < items; item++) {
    const [i0c0, i0c1, i1c0, i1c1] = scores.data.subarray(item * 4, item * 4 + 4) as unknown as [number, number, number, number];
    text[item] = i0c0 > i0c1 && i1c1 > i1c0 ? 1 : 0;
    image[item] = i0c0 > i1c0 && i1c1 > i0c1 ? 1 : 0;
    group[item] = text[item]! * image[item]!;
  }
  return { text: itemScore('groupScore', text), image: itemScore('groupScore', image), group: itemScore('groupScore', group) };
}
