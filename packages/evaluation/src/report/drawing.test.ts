import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differingWords } from './differing-words.js';
import { axis } from './ticks.js';

describe('axis', () => {
  test.each([
    [[0, 1], 0, 1, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    [[3, 397], 0, 400, ['0', '100', '200', '300', '400']],
    [[-0.013, 0.02], -0.02, 0.02, ['−0.02', '−0.01', '0.00', '0.01', '0.02']],
    [[0.3, Number.NaN, Number.NEGATIVE_INFINITY], 0.1, 0.5, ['0.1', '0.2', '0.3', '0.4', '0.5']],
  ])('%j', (values, low, high, labels) => {
    const found = axis(values);
    expect(found.low).toBeCloseTo(low, 12);
    expect(found.high).toBeCloseTo(high, 12);
    expect(found.ticks.map(found.label)).toEqual(labels);
  });

  test('without values it still has ends', () => {
    expect(axis([]).high).toBeGreaterThan(axis([]).low);
  });

  test('encloses all values with few ticks, each with its own label', () => {
    const value = fc.double({ min: -1e5, max: 1e5, noNaN: true }).map((number) => Math.round(number * 1e3) / 1e3);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const { low, high, ticks, label } = axis(values);
        expect(low).toBeLessThanOrEqual(Math.min(...values) + 1e-9);
        expect(high).toBeGreaterThanOrEqual(Math.max(...values) - 1e-9);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(new Set(ticks.map(label)).size).toBe(ticks.length);
      }),
    );
  });
});

describe('differingWords', () => {
  const marked = (caption: string, foil: string) =>
    differingWords(caption, foil).map((words) => words.map(({ word, differs }) => (differs ? word.toUpperCase() : word)).join(' '));

  test('what was swapped, replaced or added', () => {
    expect(marked('a cat on a mat', 'a mat on a cat')).toEqual(['a CAT on a MAT', 'a MAT on a CAT']);
    expect(marked('a red car', 'a blue car')).toEqual(['a RED car', 'a BLUE car']);
    expect(marked('a car', 'a small car')).toEqual(['a car', 'a SMALL car']);
    expect(marked('', 'a car')).toEqual(['', 'A CAR']);
  });

  test('keeps every word, and what is left unmarked is the same on both sides', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [left, right] = differingWords(a.join(' '), b.join(' '));
        expect(left.map(({ word }) => word)).toEqual(a);
        expect(right.map(({ word }) => word)).toEqual(b);
        const kept = (words: typeof left) => words.filter(({ differs }) => !differs).map(({ word }) => word);
        expect(kept(left)).toEqual(kept(right));
      }),
    );
  });
});
