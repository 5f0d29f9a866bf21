import { describe, expect, it } from 'vitest';
import { fromFloat16, toFloat16 } from './float16.js';

describe('float16', () => {
  it('knows the values of IEEE 754', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x8000].map(fromFloat16)).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      2 ** -14,
      Infinity,
      -0,
    ]);
    expect([1, -2, 65504, 65519, 65520, -Infinity, -0].map(toFloat16)).toEqual([0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x8000]);
    expect(toFloat16(Number.NaN)).toBe(0x7e00);
    expect(fromFloat16(0x7e00)).toBeNaN();
  });

  it('returns every half as it was, and rounds what lies between two to the nearer, ties to even', () => {
    for (let half = 0; half < 0x7c00; half++) {
      const value = fromFloat16(half);
      expect(toFloat16(value)).toBe(half);
      expect(toFloat16(-value)).toBe(half | 0x8000);
      if (half + 1 === 0x7c00) continue;
      const middle = (value + fromFloat16(half + 1)) / 2; // exact in float32
      const above = Math.fround(middle * (1 + 2 ** -22));
      const below = Math.fround(middle * (1 - 2 ** -22));
      if (toFloat16(middle) !== (half % 2 === 0 ? half : half + 1)) throw new Error(`tie above ${half}`);
      if (toFloat16(above) !== half + 1 || toFloat16(below) !== half) throw new Error(`rounding above ${half}`);
    }
  });
});
