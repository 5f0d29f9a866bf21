import { checkShapes, DataError, type HostArray } from '@fsc-clip/core';
import { type ItemScore, itemScore } from './score.js';

/** Options of `compositionalAccuracy`. */
export interface CompositionalAccuracyOptions {
  /**
   * Column of the right candidate, one per item.
   * @defaultValue column 0 for every item
   */
  readonly right?: ArrayLike<number>;
  /**
   * `wrong`: the right candidate must score strictly more than every other one. `first`: the first maximum is the answer, as
   * argmax has it; it favours whatever is listed first, so use it only where a benchmark's own code does.
   * @defaultValue 'wrong'
   */
  readonly ties?: 'wrong' | 'first';
}

/**
 * How often the right one of several candidates scores highest: caption against foils, or image against images. NaN is wrong.
 *
 * @param scores - f32 [items, candidates], e.g. cosines of an image with its caption and foils
 * @returns accuracy over items; chance is 1 / candidates
 * @throws ShapeError when `scores` is no matrix
 * @throws DataError when there is no item, or `right` does not name one column per item
 * @example
 * const scores = { data: Float32Array.of(0.3, 0.2, 0.1, 0.1), shape: [2, 2] }; // the second item is a tie
 * compositionalAccuracy(scores).value; // 0.5
 */
export function compositionalAccuracy(scores: HostArray<Float32Array>, options: CompositionalAccuracyOptions = {}): ItemScore {
  const { right, ties = 'wrong' } = options;
  const { items, candidates } = checkShapes('compositionalAccuracy', { scores: [scores, 'items candidates'] });
  if (right) checkColumns('compositionalAccuracy', 'right', right, items, candidates);
  const correct = new Float32Array(items);
  for (let item = 0; item < items; item++) {
    const row = scores.data.subarray(item * candidates, (item + 1) * candidates);
    const column = right?.[item] ?? 0;
    const own = row[column]!;
    const wins = row.every((other, at) => at === column || own > other || (ties === 'first' && own === other && column < at));
    correct[item] = wins && !Number.isNaN(own) ? 1 : 0;
  }
  return itemScore('compositionalAccuracy', correct);
}

/** @internal Refuses indices that are not one integer in [0, size) per item. */
export function checkColumns(name: string, argument: string, columns: ArrayLike<number>, items: number, size: number): void {
  const rule = `must hold ${items} integers in [0, ${size})`;
  if (columns.length !== items) throw new DataError({ function: name, argument, rule, got: `${columns.length} of them` });
  for (let i = 0; i < items; i++) {
    const column = columns[i]!;
    if (!Number.isInteger(column) || column < 0 || column >= size) {
      throw new DataError({ function: name, argument, rule, got: `${column} for item ${i}` });
    }
  }
}
