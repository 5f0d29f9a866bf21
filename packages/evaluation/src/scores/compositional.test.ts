import { DataError, type HostArray, ShapeError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compositionalAccuracy, groupScore, twoPositives } from '../index.js';

const scores = (shape: number[], ...values: number[]): HostArray<Float32Array> => ({ data: Float32Array.from(values), shape });

describe('compositionalAccuracy', () => {
  test('by hand: a win, a loss, a tie', () => {
    const table = scores([3, 2], 0.3, 0.2, 0.1, 0.2, 0.5, 0.5);
    expect([...compositionalAccuracy(table).perItem]).toEqual([1, 0, 0]);
    expect(compositionalAccuracy(table).standardError).toBeCloseTo(Math.sqrt((1 / 3) * (2 / 3) * (1 / 3)), 15);
    expect([...compositionalAccuracy(table, { ties: 'first' }).perItem]).toEqual([1, 0, 1]);
    expect([...compositionalAccuracy(table, { right: [1, 1, 1], ties: 'first' }).perItem]).toEqual([0, 1, 0]);
  });

  test('a model that gives NaN, or the same score to all, knows nothing', () => {
    for (const value of [Number.NaN, 0, Number.POSITIVE_INFINITY]) {
      expect(compositionalAccuracy(scores([1, 3], value, value, value)).value).toBe(0);
    }
    expect(compositionalAccuracy(scores([2, 2], 1, Number.NaN, Number.NaN, 0), { ties: 'first' }).value).toBe(0);
  });

  test('with one candidate there is nothing to lose, unless it is NaN', () => {
    expect([...compositionalAccuracy(scores([2, 1], 0.1, Number.NaN)).perItem]).toEqual([1, 0]);
  });

  test('strict is never above first, and both agree without ties', () => {
    const table = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(table, (rows) => {
        const strict = compositionalAccuracy(scores([rows.length, 3], ...rows.flat()));
        const first = compositionalAccuracy(scores([rows.length, 3], ...rows.flat()), { ties: 'first' });
        rows.forEach((row, i) => {
          expect(strict.perItem[i]).toBe(row.slice(1).every((other) => row[0]! > other) ? 1 : 0);
          expect(first.perItem[i]).toBe(row.indexOf(Math.max(...row)) === 0 ? 1 : 0);
        });
      }),
    );
  });

  test('refusals', () => {
    expect(() => compositionalAccuracy(scores([4], 1, 2, 3, 4))).toThrow(ShapeError);
    expect(() => compositionalAccuracy(scores([0, 2]))).toThrow(DataError);
    expect(() => compositionalAccuracy(scores([1, 2], 1, 2), { right: [2] })).toThrow(
      '`right` must hold 1 integers in [0, 2), got 2 for item 0',
    );
  });
});

describe('groupScore', () => {
  test('by hand: both, text alone, image alone, neither', () => {
    const { text, image, group } = groupScore(
      scores([4, 2, 2], ...[0.9, 0.1, 0.1, 0.9], ...[0.5, 0.4, 0.6, 0.7], ...[0.5, 0.6, 0.4, 0.7], ...[0.1, 0.9, 0.9, 0.1]),
    );
    expect([...text.perItem]).toEqual([1, 1, 0, 0]);
    expect([...image.perItem]).toEqual([1, 0, 1, 0]);
    expect([...group.perItem]).toEqual([1, 0, 0, 0]);
    expect(group.value).toBe(0.25);
  });

  test('a model blind to the image, or to the caption, fails every item', () => {
    const blindToImage = groupScore(scores([1, 2, 2], 0.9, 0.1, 0.9, 0.1));
    const blindToCaption = groupScore(scores([1, 2, 2], 0.9, 0.9, 0.1, 0.1));
    expect([blindToImage.text.value, blindToImage.group.value]).toEqual([0, 0]);
    expect([blindToCaption.image.value, blindToCaption.group.value]).toEqual([0, 0]);
  });

  test('each of the four comparisons is strict', () => {
    const [i0c0, i0c1, i1c0, i1c1] = [0.9, 0.1, 0.2, 0.8];
    const group = (...values: number[]) => {
      const { text, image } = groupScore(scores([1, 2, 2], ...values));
      return [text.value, image.value];
    };
    expect(group(i0c0, i0c1, i1c0, i1c1)).toEqual([1, 1]);
    expect(group(i0c0, i0c0, i1c0, 0.95)).toEqual([0, 1]);
    expect(group(i0c0, i0c1, i1c1, i1c1)).toEqual([0, 1]);
    expect(group(i0c0, i0c1, i0c0, 0.95)).toEqual([1, 0]);
    expect(group(i0c0, i1c1, i1c0, i1c1)).toEqual([1, 0]);
  });

  test('NaN and ties are wrong', () => {
    expect(groupScore(scores([1, 2, 2], Number.NaN, Number.NaN, Number.NaN, Number.NaN)).group.value).toBe(0);
    expect(groupScore(scores([1, 2, 2], 0.5, 0.5, 0.5, 0.5)).group.value).toBe(0);
  });

  test('group is at most each part, and random scores reach chance', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, unit, unit, unit), { minLength: 1 }), (items) => {
        const { text, image, group } = groupScore(scores([items.length, 2, 2], ...items.flat()));
        group.perItem.forEach((value, i) => void expect(value).toBe(Math.min(text.perItem[i]!, image.perItem[i]!)));
      }),
    );
    // All 24 orders of four different scores: 1/4, 1/4, 1/6.
    const orders = permutations([1, 2, 3, 4]);
    const all = groupScore(scores([orders.length, 2, 2], ...orders.flat()));
    expect([all.text.value, all.image.value, all.group.value]).toEqual([1 / 4, 1 / 4, 1 / 6]);
  });

  test('refuses other shapes', () => {
    expect(() => groupScore(scores([2, 4], 1, 2, 3, 4, 5, 6, 7, 8))).toThrow('must be [items, 2, 2]');
  });
});

describe('twoPositives', () => {
  test('by hand', () => {
    const image = scores([2, 3], 0.31, 0.29, 0.25, 0.31, 0.25, 0.25);
    const text = scores([2, 3], 0.8, 0.9, 0.7, 0.8, 0.7, 0.7);
    const { imageToText, textOnly } = twoPositives(image, text);
    expect([...imageToText.perItem, ...textOnly.perItem]).toEqual([1, 0, 0, 1]);
  });

  test('refuses shapes that differ', () => {
    expect(() => twoPositives(scores([1, 3], 1, 2, 3), scores([2, 3], 1, 2, 3, 1, 2, 3))).toThrow(ShapeError);
  });
});

function permutations(items: number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
