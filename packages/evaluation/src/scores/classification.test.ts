import { createKey, DataError, type HostArray, randomStream, ShapeError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classificationScore, classProbabilities, classVectors, meanAveragePrecision, rocAuc, similarities, zeroShot } from '../index.js';

const matrix = (shape: number[], ...values: number[]): HostArray<Float32Array> => ({ data: Float32Array.from(values), shape });

describe('similarities', () => {
  test.each([[[1, 1, 3]], [[4, 2, 8]], [[5, 3, 7]], [[9, 9, 16]]])('equal to plain loops for [I, C, D] = %j', ([I, C, D]) => {
    const stream = randomStream(createKey(5));
    const a = Float32Array.from({ length: I! * D! }, stream.normal);
    const b = Float32Array.from({ length: C! * D! }, stream.normal);
    const expected = Float32Array.from({ length: I! * C! }, (_, at) =>
      [...Array(D).keys()].reduce((sum, d) => sum + a[Math.floor(at / C!) * D! + d]! * b[(at % C!) * D! + d]!, 0),
    );
    expect(similarities({ data: a, shape: [I!, D!] }, { data: b, shape: [C!, D!] }).data).toEqual(expected);
  });

  test('items keep to themselves', () => {
    const { data, shape } = similarities(matrix([2, 1, 2], 1, 0, 0, 1), matrix([2, 2, 2], 5, 6, 7, 8, 1, 2, 3, 4));
    expect(shape).toEqual([2, 1, 2]);
    expect([...data]).toEqual([5, 7, 2, 4]);
  });

  test('refuses widths and items that differ', () => {
    expect(() => similarities(matrix([1, 2], 1, 0), matrix([1, 3], 1, 0, 0))).toThrow(ShapeError);
    expect(() => similarities(matrix([1, 1, 2], 1, 0), matrix([2, 1, 2], 1, 0, 0, 1))).toThrow(ShapeError);
  });
});

describe('zeroShot', () => {
  test('class vectors by hand: a long prompt weighs no more than a short one', () => {
    const { data, shape } = classVectors(matrix([1, 2, 2], 3, 0, 0, 2));
    expect(shape).toEqual([1, 2]);
    expect(data[0]).toBeCloseTo(Math.SQRT1_2, 7);
    expect(data[1]).toBeCloseTo(Math.SQRT1_2, 7);
  });

  test('nearest class', () => {
    const classes = classVectors(matrix([2, 1, 2], 1, 0, 0, 1));
    const { top1, top5 } = zeroShot(matrix([3, 2], 0.8, 0.6, 0.6, 0.8, 1, 0), classes, [0, 1, 1]);
    expect([...top1.perItem]).toEqual([1, 1, 0]);
    expect(top5.value).toBe(1);
  });

  test('probabilities sum to 1, also at the edge of float32', () => {
    const { data } = classProbabilities(matrix([2, 2], 1, 0.99, 1e4, -1e4));
    expect(data[0]! + data[1]!).toBeCloseTo(1, 6);
    expect(data[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 5); // softmax(100, 99); 0.99 is rounded to float32
    expect([data[2], data[3]]).toEqual([1, 0]);
  });
});

describe('classificationScore', () => {
  test('by hand: unbalanced classes, ties go to the first class', () => {
    const scores = matrix([4, 2], 0.9, 0.1, 0.5, 0.5, 0.8, 0.2, 0.5, 0.5);
    const { top1, meanPerClass, perClass } = classificationScore(scores, [0, 0, 0, 1]);
    expect([...top1.perItem]).toEqual([1, 1, 1, 0]);
    expect(top1.value).toBe(0.75);
    expect(meanPerClass.value).toBe(0.5);
    expect(perClass.get(1)?.value).toBe(0);
  });

  test('the fifth of six is a hit at five, the sixth is not', () => {
    const scores = matrix([2, 6], 6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1);
    expect([...classificationScore(scores, [4, 5]).top5.perItem]).toEqual([1, 0]);
  });

  test('NaN is wrong, whether it is the right class or another', () => {
    expect(classificationScore(matrix([2, 2], Number.NaN, 0, 1, Number.NaN), [0, 0]).top1.value).toBe(0);
  });

  test('refuses labels out of range', () => {
    expect(() => classificationScore(matrix([1, 2], 0, 1), [2])).toThrow('`labels` must hold 1 integers in [0, 2), got 2 for item 0');
    expect(() => classificationScore(matrix([0, 2]), [])).toThrow(DataError);
  });
});

describe('rocAuc', () => {
  test('by hand: of four pairs, three won and one tied', () => {
    expect(rocAuc([0.9, 0.4, 0.4, 0.1], [1, 1, 0, 0])).toBe(3.5 / 4);
  });

  test('equal to counting all pairs', () => {
    const item = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 20 }), (items) => {
        const all: [number, number][] = [...items, [3, 1], [2, 0]];
        const of = (label: number) => all.filter(([, l]) => l === label).map(([score]) => score);
        const pairs = of(1).flatMap((p) => of(0).map((n) => (p > n ? 1 : p === n ? 0.5 : 0) as number));
        const area = rocAuc(
          all.map(([score]) => score),
          all.map(([, label]) => label),
        );
        expect(area).toBeCloseTo(pairs.reduce((a, b) => a + b, 0) / pairs.length, 12);
      }),
    );
  });

  test('NaN gives NaN; one class, or another label, is refused', () => {
    expect(rocAuc([Number.NaN, 1], [0, 1])).toBeNaN();
    expect(() => rocAuc([1, 2], [1, 1])).toThrow('got 2 positive and 0 negative items');
    expect(() => rocAuc([1, 2], [1, 2])).toThrow('got 2 for item 1');
    expect(() => rocAuc([1, 2], [1])).toThrow(DataError);
  });
});

describe('meanAveragePrecision', () => {
  test('by hand: positives first and last of three', () => {
    const { value } = meanAveragePrecision(matrix([3, 1], 0.9, 0.5, 0.1), { data: Int32Array.of(1, 0, 1), shape: [3, 1] });
    expect(value).toBeCloseTo((6 * 1 + 5 * (2 / 3)) / 11, 12); // recall 0…0.5 at precision 1, 0.6…1 at 2/3
  });

  test('equal scores enter together, whatever their order', () => {
    const labels = (...data: number[]) => ({ data: Int32Array.from(data), shape: [2, 1] });
    const tied = matrix([2, 1], 0.5, 0.5);
    expect(meanAveragePrecision(tied, labels(1, 0)).value).toBe(0.5);
    expect(meanAveragePrecision(tied, labels(0, 1)).value).toBe(0.5);
  });

  test('a class without a positive item is left out of the mean', () => {
    const { value, perClass } = meanAveragePrecision(matrix([2, 2], 1, 0, 0, 1), { data: Int32Array.of(1, 0, 0, 0), shape: [2, 2] });
    expect([value, ...perClass]).toEqual([1, 1, Number.NaN]);
  });

  test('NaN gives NaN; no positive at all is refused', () => {
    const labels = { data: Int32Array.of(1), shape: [1, 1] };
    expect(meanAveragePrecision(matrix([1, 1], Number.NaN), labels).value).toBeNaN();
    expect(() => meanAveragePrecision(matrix([1, 1], 1), { ...labels, data: Int32Array.of(0) })).toThrow(DataError);
  });
});
