import { DataError } from '@fsc-clip/core';
import { describe, expect, test } from 'vitest';
import { binomialError, meanScore, nestedAverage, pairedDifference, scoreByGroup } from '../index.js';

describe('standard errors', () => {
  test('by hand: binomial, of a mean, of a paired difference', () => {
    expect(binomialError(0.8, 100)).toBeCloseTo(0.04, 15); // sqrt(0.16 / 100)
    const { value, standardError } = meanScore([1, 2, 3, 6]); // deviations -2 -1 0 3: s² = 14 / 3
    expect(value).toBe(3);
    expect(standardError).toBeCloseTo(Math.sqrt(14 / 3 / 4), 15);
    const gain = pairedDifference([1, 1, 0, 1], [0, 1, 0, 0]); // 1 0 0 1: mean 1/2, s² = 1/3
    expect(gain.value).toBe(0.5);
    expect(gain.standardError).toBeCloseTo(Math.sqrt(1 / 3 / 4), 15);
  });

  test('pairing sees what two separate errors hide', () => {
    const hard = Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
    const better = hard.map((value, i) => (i === 0 ? 1 : value));
    const separate = Math.hypot(binomialError(0.5, 100), binomialError(0.51, 100));
    expect(pairedDifference(better, hard).value).toBeCloseTo(0.01, 12);
    expect(pairedDifference(better, hard).standardError).toBeLessThan(separate / 5);
  });

  test('one number has no measurable error', () => {
    expect(meanScore([0.5])).toEqual({ value: 0.5, standardError: Number.NaN });
  });

  test('refusals', () => {
    expect(() => meanScore([])).toThrow(DataError);
    expect(() => pairedDifference([1, 0], [1])).toThrow('pairedDifference: `b` must hold the items of `a`, 2 numbers, got 1');
  });
});

describe('scoreByGroup', () => {
  test('by hand, groups in order of appearance', () => {
    const groups = scoreByGroup([1, 0, 1, 1], ['size', 'colour', 'size', 'colour']);
    expect([...groups].map(([name, { value }]) => [name, value])).toEqual([
      ['size', 1],
      ['colour', 0.5],
    ]);
    expect(groups.get('colour')?.standardError).toBeCloseTo(Math.sqrt(0.25 / 2), 15);
  });

  test('refuses groups that do not fit the items', () => {
    expect(() => scoreByGroup([1, 0], ['a'])).toThrow('must name the group of each of the 2 items');
    expect(() => scoreByGroup([], [])).toThrow(DataError);
  });
});

describe('nestedAverage', () => {
  const score = (value: number, standardError = 0) => ({ value, standardError });

  test('every level counts its parts once', () => {
    const tree = { existence: score(0.9), counting: [score(0.3), score(0.5), score(0.7)], actions: new Map([['swap', score(0.6)]]) };
    expect(nestedAverage(tree).value).toBeCloseTo((0.9 + 0.5 + 0.6) / 3, 15);
  });

  test('errors of independent parts', () => {
    expect(nestedAverage([score(0.1, 0.3), score(0.2, 0.4)]).standardError).toBeCloseTo(0.5 / 2, 15);
  });

  test('refuses an empty level', () => {
    expect(() => nestedAverage({ a: [] })).toThrow(DataError);
  });
});
