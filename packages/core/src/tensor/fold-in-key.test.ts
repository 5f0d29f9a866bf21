import '@tensorflow/tfjs';
import { tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../errors.js';
import { createKey, foldIn } from '../random.js';
import { foldInKey } from './fold-in-key.js';

const words = (data: Iterable<number>) => [...data].map((word) => word >>> 0);

describe('foldInKey', () => {
  it('equals foldIn', () => {
    const key = createKey(7);
    const asTensor = tensor1d([...key], 'int32');
    const cases: (string | number)[][] = [[], [3], ['dropout', 2], [2 ** 40 + 1, 'a longer name']];
    for (const data of cases) expect(words(foldInKey(asTensor, ...data).dataSync())).toEqual([...foldIn(key, ...data)]);
    const negative = tensor1d([-1, -2], 'int32'); // the words 2^32 - 1 and 2^32 - 2
    expect(words(foldInKey(negative, 1).dataSync())).toEqual([...foldIn([0xffffffff, 0xfffffffe], 1)]);
  });

  it('refuses what is no key, and numbers that are no integers', () => {
    expect(() => foldInKey(tensor1d([1, 2]), 1)).toThrow(
      new ShapeError({ function: 'foldInKey', argument: 'key', rule: 'must be int32 [2]', got: 'float32 [2]' }),
    );
    expect(() => foldInKey(tensor1d([1, 2], 'int32'), 0.5)).toThrow(OptionError);
  });
});
