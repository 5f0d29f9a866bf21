import { createKey, foldIn, OptionError } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import { evalTransform } from './eval-transform.js';
import type { RgbImage } from './image.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { roundHalfEven } from './round-half-even.js';
import { trainTransform } from './train-transform.js';

/** Red is the column, green the row. */
function ramp(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 0][i % 3]!);
  return { data, width, height };
}
const asBytes = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;

describe('evalTransform', () => {
  it('cuts out the middle; half a pixel goes to the even side', () => {
    const { data, shape } = evalTransform({ size: 2, ...asBytes })(ramp(7, 2)); // (7 − 2) / 2 = 2.5 → 2
    expect(shape).toEqual([3, 2, 2]);
    expect([...data].map(Math.round)).toEqual([2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 0, 0]);
  });

  it('computes only what it keeps of a very tall picture', () => {
    const { data } = evalTransform({ size: 224, ...asBytes })({ data: new Uint8Array(3 * 65_535).fill(50), width: 1, height: 65_535 });
    expect(new Set(data)).toEqual(new Set([Math.fround(Math.fround(50 / 255) / Math.fround(1 / 255))]));
  });

  it('normalises in float32', () => {
    const { data } = evalTransform({ size: 1, mean: [0.5, 0.25, 0], std: [0.5, 0.5, 2] })({
      data: Uint8Array.of(255, 0, 51),
      width: 1,
      height: 1,
    });
    expect([...data]).toEqual([1, -0.5, Math.fround(Math.fround(0.2) / 2)]);
  });

  it('writes into an array that it is given, of the right size only', () => {
    const transform = evalTransform({ size: 2, ...asBytes });
    const into = new Float32Array(12);
    expect(transform(ramp(7, 2), createKey(0), into).data).toBe(into);
    expect(into).toEqual(transform(ramp(7, 2)).data);
    expect(() => transform(ramp(7, 2), createKey(0), new Float32Array(4))).toThrow('evalTransform: `into` must hold 3·2·2 numbers, got 4');
  });

  it('of more pixels than are normalised at once is the same', () => {
    const { data } = evalTransform({ size: [300, 301], ...asBytes })(ramp(301, 300));
    for (const [x, y] of [
      [0, 0],
      [300, 299],
      [200, 217],
      [219, 217],
    ] as const) {
      expect(Math.round(data[y * 301 + x]!)).toBe(x % 256);
      expect(Math.round(data[301 * 300 + y * 301 + x]!)).toBe(y % 256);
    }
  });

  it('fills what `longest` leaves over, the odd pixel below', () => {
    const { data } = evalTransform({ size: 4, resizeMode: 'longest', fillColor: 9, ...asBytes })(ramp(4, 1));
    expect([...data.subarray(0, 16)].map(Math.round)).toEqual([9, 9, 9, 9, 0, 1, 2, 3, 9, 9, 9, 9, 9, 9, 9, 9]);
  });

  it.each([
    [{ size: 0 }, '`size`'],
    [{ size: [2, 1.5] as const }, '`size`'],
    [{ size: 2, resizeMode: 'crop' as 'squash' }, '`resizeMode`'],
    [{ size: 2, interpolation: 'lanczos' as 'bicubic' }, '`interpolation`'],
    [{ size: 2, fillColor: 256 }, '`fillColor`'],
    [{ size: 2, mean: [0, 0, Number.NaN] as const }, '`mean`'],
    [{ size: 2, std: [1, 1, 0] as const }, '`std`'],
  ])('refuses %j', (options, argument) => {
    expect(() => evalTransform(options)).toThrow(OptionError);
    expect(() => evalTransform(options)).toThrow(argument);
  });
});

describe('trainTransform', () => {
  const transform = trainTransform({ size: 8, scale: [0.3, 1], ...asBytes });

  it('is a function of the key', () => {
    const image = ramp(40, 30);
    const draw = (name: string) => transform(image, foldIn(createKey(1), name));
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    expect(draw('a').shape).toEqual([3, 8, 8]);
  });

  it('of the whole area is squashing', () => {
    const whole = trainTransform({ size: 8, scale: [1, 1], ratio: [1, 1], ...asBytes })(ramp(30, 30), createKey(2));
    expect(whole).toEqual(evalTransform({ size: 8, resizeMode: 'squash', ...asBytes })(ramp(30, 30)));
  });

  it.each([
    [{ size: 8, scale: [0, 1] as const }, '`scale` must be [from, to] with 0 < from ≤ to ≤ 1, got [0, 1]'],
    [{ size: 8, scale: [0.5, 1.5] as const }, '`scale`'],
    [{ size: 8, ratio: [2, 1] as const }, '`ratio`'],
    [{ size: 8, interpolation: 'lanczos' as 'bicubic' }, '`interpolation`'],
  ])('refuses %j', (options, message) => expect(() => trainTransform(options)).toThrow(message));
});

it('randomResizedCrop stays inside the picture and within the allowed ratios', () => {
  for (const [width, height] of [
    [1, 1],
    [500, 3],
    [3, 500],
    [64, 48],
  ] as const) {
    const box = randomResizedCrop({ width, height }, [0.9, 1], [3 / 4, 4 / 3], { uniform: (_, high) => high, integer: (_, high) => high });
    expect(box.left + box.width).toBeLessThanOrEqual(width);
    expect(box.top + box.height).toBeLessThanOrEqual(height);
    expect(Math.min(box.width, box.height)).toBeGreaterThan(0);
  }
});

it('roundHalfEven is Python’s round', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 2.5001, 7].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 3, 7]);
});
