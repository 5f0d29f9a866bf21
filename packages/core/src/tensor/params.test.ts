import '@tensorflow/tfjs';
import { memory, scalar } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../errors.js';
import { createParams, disposeParams, mapParams, mergeParams, partitionParams } from './params.js';

describe('parameter records', () => {
  it('hold any name, also those of Object.prototype', () => {
    const params = createParams([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(Object.entries(params)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(params['toString']).toBeUndefined();
  });

  it('refuse a name that stands twice', () => {
    expect(() => mergeParams(createParams([['w', 1]]), createParams([['w', 2]]))).toThrow(WeightsError);
    expect(() => mergeParams(createParams([['w', 1]]), createParams([['w', 2]]))).toThrow(
      'createParams: `w` must stand once, got it twice',
    );
  });

  it('come back whole from a partition and a merge', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
        const params = createParams(Object.entries(record));
        const [even, odd] = partitionParams(params, (_, value) => value % 2 === 0);
        expect(Object.values(even).every((value) => value % 2 === 0)).toBe(true);
        expect(new Map(Object.entries(mergeParams(even, odd)))).toEqual(new Map(Object.entries(params)));
      }),
    );
  });

  it('map values with their names and dispose their tensors', () => {
    expect({ ...mapParams(createParams([['w', 2]]), (value, name) => `${name}=${value}`) }).toEqual({ w: 'w=2' });
    const before = memory().numTensors;
    disposeParams(createParams([['w', scalar(1)]]));
    expect(memory().numTensors).toBe(before);
  });
});
