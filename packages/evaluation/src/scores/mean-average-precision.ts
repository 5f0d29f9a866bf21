import { checkShapes, DataError, type HostArray } from '@fsc-clip/core';

/** Mean average precision and its parts. */
export interface MeanAveragePrecision {
  readonly value: number;
  /** Average precision of every class; NaN for a class without a positive item, which the mean leaves out. */
  readonly perClass: Float64Array;
}

/** Recalls are fractions of small integers; a threshold that they meet must not be missed by a rounding. */
const slack = 1e-12;

/**
 * 11-point mean average precision of VOC 2007: per class, the mean over recall t ∈ {0, 0.1, …, 1} of the highest precision that is
 * reached at a recall of at least t. Items with equal scores enter together. NaN for a class with a NaN score.
 *
 * @param scores - f32 [I, C], comparable between items: `classProbabilities`
 * @param labels - i32 [I, C]: 1 where the item shows the class, 0 where not
 * @throws ShapeError when the shapes do not fit
 * @throws DataError when no class has a positive item
 * Source: Everingham et al., "The PASCAL Visual Object Classes Challenge" (IJCV 2010), section 4.2.
 * @example
 * const scores = { data: Float32Array.of(0.9, 0.5, 0.1), shape: [3, 1] };
 * meanAveragePrecision(scores, { data: Int32Array.of(1, 0, 1), shape: [3, 1] }).value; // 6 · 1 + 5 · 2/3, over 11
 */
export function meanAveragePrecision(scores: HostArray<Float32Array>, labels: HostArray<Int32Array>): MeanAveragePrecision {
  const { I, C } = checkShapes('meanAveragePrecision', { scores: [scores, 'I C'], labels: [labels, 'I C'] });
  const perClass = Float64Array.from({ length: C }, (_, c) =>
    averagePrecision(Array.from({ length: I }, (_, i) => ({ score: scores.data[i * C + c]!, positive: labels.data[i * C + c] === 1 }))),
  );
  const counted = perClass.filter((_, c) => labels.data.some((label, at) => at % C === c && label === 1));
  if (counted.length === 0) {
    throw new DataError({
      function: 'meanAveragePrecision',
      argument: 'labels',
      rule: 'must mark at least one item of one class with 1',
      got: 'none',
    });
  }
  return { value: counted.reduce((sum, precision) => sum + precision, 0) / counted.length, perClass };
}

function averagePrecision(items: { score: number; positive: boolean }[]): number {
  if (items.some(({ score }) => Number.isNaN(score))) return Number.NaN;
  const positives = items.filter(({ positive }) => positive).length;
  if (positives === 0) return Number.NaN;
  const sorted = items.toSorted((a, b) => b.score - a.score);
  const curve: { recall: number; precision: number }[] = [];
  let found = 0;
  sorted.forEach(({ score, positive }, i) => {
    if (positive) found++;
    if (sorted[i + 1]?.score !== score) curve.push({ recall: found / positives, precision: found / (i + 1) });
  });
  const highest = (recall: number) =>
    curve.reduce((best, point) => (point.recall >= recall - slack ? Math.max(best, point.precision) : best), 0);
  return Array.from({ length: 11 }, (_, tenth) => highest(tenth / 10)).reduce((sum, precision) => sum + precision, 0) / 11;
}
