import { type HostArray, OptionError } from '@fsc-clip/core';
import type { RgbImage } from './image.js';

/** Mean of OpenAI's training images per channel, of values in [0, 1]. */
export const clipMean: readonly [number, number, number] = [0.48145466, 0.4578275, 0.40821073];
/** Standard deviation of OpenAI's training images per channel, of values in [0, 1]. */
export const clipStd: readonly [number, number, number] = [0.26862954, 0.26130258, 0.27577711];

/**
 * Makes `(pixels / 255 − mean) / std` a function, bit-equal to PyTorch's float32: a byte has 256 values, so the result is a look-up.
 *
 * @returns a function from RGB pixels to f32 [3, height, width]
 * @throws OptionError when a mean or a deviation is not a finite number, or a deviation is not positive
 */
export function normaliser(caller: string, mean: readonly number[], std: readonly number[]): (image: RgbImage) => HostArray<Float32Array> {
  if (mean.length !== 3 || !mean.every(Number.isFinite)) {
    throw new OptionError({ function: caller, argument: 'mean', rule: 'must be three finite numbers', got: JSON.stringify(mean) });
  }
  if (std.length !== 3 || !std.every((value) => Number.isFinite(value) && value > 0)) {
    throw new OptionError({ function: caller, argument: 'std', rule: 'must be three positive numbers', got: JSON.stringify(std) });
  }
  const { fround } = Math;
  const values = mean.map((channelMean, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => fround(fround(byte / 255) - fround(channelMean)) / fround(std[channel]!)),
  );
  return ({ data, width, height }) => {
    const plane = width * height;
    const result = new Float32Array(3 * plane);
    for (let channel = 0; channel < 3; channel++) {
      const lookup = values[channel]!;
      for (let to = channel * plane, from = channel; from < data.length; to++, from += 3) result[to] = lookup[data[from]!]!;
    }
    return { data: result, shape: [3, height, width] };
  };
}
