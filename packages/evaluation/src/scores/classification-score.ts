import { checkShapes, type HostArray } from '@fsc-clip/core';
import { checkColumns } from './compositional-accuracy.js';
import { nestedAverage } from './nested-average.js';
import { type ItemScore, itemScore, type Score } from './score.js';
import { scoreByGroup } from './score-by-group.js';

/** How well scores over classes find the right class. */
export interface ClassificationScore {
  /** The right class scores highest; of equal scores the first class counts as the highest, as in argmax. */
  readonly top1: ItemScore;
  /** The right class is among the five highest. */
  readonly top5: ItemScore;
  /** Mean of the recalls of the classes that have an item: the measure for unbalanced sets. */
  readonly meanPerClass: Score;
  /** Recall of every class that has an item. */
  readonly perClass: ReadonlyMap<number, ItemScore>;
}

/**
 * Accuracy, top-5 accuracy and mean per-class recall of scores over classes. A NaN score is wrong.
 *
 * @param scores - f32 [I, C]: any numbers that rise with the likelihood of the class
 * @param labels - the class of every item: integers in [0, C)
 * @throws ShapeError when `scores` is no matrix
 * @throws DataError when a label is out of range or there is no item
 * @example
 * const scores = { data: Float32Array.of(0.9, 0.1, 0.6, 0.4), shape: [2, 2] };
 * classificationScore(scores, [0, 1]).top1.value; // 0.5
 */
export function classificationScore(scores: HostArray<Float32Array>, labels: ArrayLike<number>): ClassificationScore {
  const { I, C } = checkShapes('classificationScore', { scores: [scores, 'I C'] });
  checkColumns('classificationScore', 'labels', labels, I, C);
  const places = Int32Array.from({ length: I }, (_, i) => place(scores.data.subarray(i * C, (i + 1) * C), labels[i]!));
  const within = (k: number) =>
    itemScore(
      'classificationScore',
      Float32Array.from(places, (at) => (at < k ? 1 : 0)),
    );
  const top1 = within(1);
  const perClass = scoreByGroup(top1.perItem, labels);
  return { top1, top5: within(5), meanPerClass: nestedAverage(perClass), perClass };
}

/** How many classes stand before `label`: those with a higher score, and those listed earlier with an equal one. */
function place(row: Float32Array, label: number): number {
  const own = row[label]!;
  if (Number.isNaN(own)) return row.length;
  let before = 0;
  for (let c = 0; c < row.length; c++) {
    if (c !== label && !(row[c]! < own || (row[c] === own && c > label))) before++;
  }
  return before;
}
