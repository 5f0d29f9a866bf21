import { expect, it } from 'vitest';
import { type HalfType, halfNumbers } from './half.js';

const bits = (type: HalfType, ...numbers: number[]) => [...halfNumbers(Float32Array.from(numbers), type)];

it('float16: the nearest number, ties to even, infinity from 65520 on', () => {
  expect(bits('float16', 0, -0, 1, -2, 65504, 65519, 65520, 1e9)).toEqual([0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0x7c00]);
  // Between 1 and the next one, 1 + 2⁻¹⁰
  expect(bits('float16', 1 + 2 ** -11, 1 + 1.01 * 2 ** -11, 1 + 3 * 2 ** -11)).toEqual([0x3c00, 0x3c01, 0x3c02]);
  expect(bits('float16', 2 ** -14, 2 ** -24, 2 ** -25, 1.01 * 2 ** -25, 1.5 * 2 ** -24)).toEqual([0x0400, 1, 0, 1, 2]);
  expect(bits('float16', 2 ** -14 - 2 ** -26, -Number.POSITIVE_INFINITY)).toEqual([0x0400, 0xfc00]);
  expect(bits('float16', Number.NaN)[0]! & 0x7fff).toBeGreaterThan(0x7c00);
});

it("bfloat16: the upper half of a float32, rounded, with float32's range", () => {
  expect(bits('bfloat16', 1, -2, 1e38)).toEqual([0x3f80, 0xc000, 0x7e96]);
  expect(bits('bfloat16', 1 + 2 ** -8, 1 + 1.01 * 2 ** -8, 1 + 3 * 2 ** -8)).toEqual([0x3f80, 0x3f81, 0x3f82]);
  expect(bits('bfloat16', 3.4028234663852886e38, Number.NEGATIVE_INFINITY)).toEqual([0x7f80, 0xff80]);
  expect(bits('bfloat16', Number.NaN)[0]! & 0x7fff).toBeGreaterThan(0x7f80);
});

it('every float16 number is its own nearest', () => {
  const words = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
  const numbers = Float32Array.from(words, (word) =>
    word < 0x400 ? word * 2 ** -24 : (1 + (word & 0x3ff) / 1024) * 2 ** ((word >>> 10) - 15),
  );
  expect(halfNumbers(numbers, 'float16')).toEqual(words);
});
