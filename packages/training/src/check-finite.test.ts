import { DataError } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import { checkFinite } from './check-finite.js';

describe('checkFinite', () => {
  it('lets numbers pass', () => {
    expect(() => checkFinite({ loss: 2, clip: -1e30 }, { step: 3, keys: ['a'] })).not.toThrow();
  });

  it('names the terms, the step and the samples', () => {
    const call = () => checkFinite({ loss: Number.NaN, clip: 1, up: Number.POSITIVE_INFINITY }, { step: 12, keys: ['a.jpg', 'b.jpg'] });
    expect(call).toThrow(DataError);
    expect(call).toThrow('checkFinite: `loss, up` must be finite, got NaN, Infinity at step 12 (samples: a.jpg, b.jpg)');
  });

  it('names no more samples than one can read', () => {
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
    expect(() => checkFinite({ loss: Number.NaN }, { step: 1, keys })).toThrow('k255 and 44 more)');
  });
});
