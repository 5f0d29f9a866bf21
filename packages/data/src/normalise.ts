import { type HostArray, OptionError, ShapeError } from '@fsc-clip/core';
import type { RgbImage } from './image.js';
import { kernelsOver } from './pixel-kernels.js';

/** Mean of OpenAI's training images per channel, of values in [0, 1]. */
export const clipMean: readonly [number, number, number] = [0.48145466, 0.4578275, 0.40821073];
/** Standard deviation of OpenAI's training images per channel, of values in [0, 1]. */
export const clipStd: readonly [number, number, number] = [0.26862954, 0.26130258, 0.27577711];

type Normalise = (image: RgbImage, into?: Float32Array) => HostArray<Float32Array>;

/**
 * Makes `(pixels / 255 − mean) / std` a function, bit-equal to PyTorch's float32.
 *
 * @returns a function from RGB pixels to f32 [3, height, width], written into an array that is given, or a new one
 * @throws OptionError when a mean or a deviation is not a finite number, or a deviation is not positive
 */
export function normaliser(caller: string, mean: readonly number[], std: readonly number[]): Normalise {
  if (mean.length !== 3 || !mean.every(Number.isFinite)) {
    throw new OptionError({ function: caller, argument: 'mean', rule: 'must be three finite numbers', got: JSON.stringify(mean) });
  }
  if (std.length !== 3 || !std.every((value) => Number.isFinite(value) && value > 0)) {
    throw new OptionError({ function: caller, argument: 'std', rule: 'must be three positive numbers', got: JSON.stringify(std) });
  }
  const moments = Float32Array.of(...mean, ...std);
  return ({ data, width, height }, into) => {
    const plane = width * height;
    if (into && into.length !== 3 * plane) {
      const rule = `must hold 3·${height}·${width} numbers`;
      throw new ShapeError({ function: caller, argument: 'into', rule, got: String(into.length) });
    }
    const result = into ?? new Float32Array(3 * plane);
    for (let first = 0; first < plane; first += PIXELS_AT_ONCE) {
      const pixels = Math.min(PIXELS_AT_ONCE, plane - first);
      const padded = Math.ceil(pixels / 4) * 4;
      const sourceAt = moments.byteLength;
      const resultAt = sourceAt + padded * 3 + 4; // what is loaded for four pixels is 16 bytes
      const kernels = kernelsOver(resultAt + padded * 12);
      const memory = kernels.memory.buffer;
      new Float32Array(memory, 0, 6).set(moments);
      new Uint8Array(memory, sourceAt).set(data.subarray(first * 3, (first + pixels) * 3));
      kernels.normalise(sourceAt, resultAt, padded * 4, pixels, 0);
      for (let channel = 0; channel < 3; channel++) {
        result.set(new Float32Array(memory, resultAt + channel * padded * 4, pixels), channel * plane + first);
      }
    }
    return { data: result, shape: [3, height, width] };
  };
}

const PIXELS_AT_ONCE = 2 ** 16;
