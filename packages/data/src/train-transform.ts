import { type HostArray, type Key, OptionError, randomStream } from '@fsc-clip/core';
import { checkInterpolation, type Interpolation } from './filter-coefficients.js';
import { type OpenedImage, type RgbImage, withMode } from './image.js';
import type { TransformSettings } from './image-transform.js';
import { clipMean, clipStd, normaliser } from './normalise.js';
import { keptBytes } from './pixel-view.js';
import { type CropDraws, randomResizedCrop } from './random-resized-crop.js';
import { resizeOpened } from './resize-opened.js';
import { sizePair } from './size-pair.js';

/** Options of `trainTransform`. */
export interface TrainTransformOptions {
  /** Side of the square that the model sees, or [height, width], in pixels. */
  readonly size: number | readonly [number, number];
  /** Share of the picture's area that is cut out, from and to. @defaultValue [0.9, 1] */
  readonly scale?: readonly [number, number];
  /** Width / height of what is cut out, from and to. @defaultValue [3/4, 4/3] */
  readonly ratio?: readonly [number, number];
  /** @defaultValue 'bicubic' */
  readonly interpolation?: Interpolation;
  /** Per channel, of values in [0, 1]. @defaultValue clipMean */
  readonly mean?: readonly [number, number, number];
  /** Per channel, of values in [0, 1]. @defaultValue clipStd */
  readonly std?: readonly [number, number, number];
}

/** The transform that `trainTransform` makes. */
export interface TrainTransform {
  (image: RgbImage | OpenedImage, key: Key, into?: Float32Array): HostArray<Float32Array>;
  readonly settings: TransformSettings;
}

/**
 * A random crop resized to the model's size and normalised: open_clip's augmentation for training (torchvision's `RandomResizedCrop`; no flip, no
 * colour jitter). What is cut out follows from the key alone.
 *
 * @returns a function from pixels and a key to f32 [3, height, width], normalised
 * @throws OptionError when an option is out of its range
 * @example
 * const transform = trainTransform({ size: 224 });
 * const { data } = transform(await decodeImage('cat.jpg'), foldIn(key, epoch, 'cat.jpg'));
 */
export function trainTransform(options: TrainTransformOptions): TrainTransform {
  const { scale = [0.9, 1], ratio = [3 / 4, 4 / 3], interpolation = 'bicubic', mean = clipMean, std = clipStd } = options;
  const [height, width] = sizePair('trainTransform', options.size);
  checkInterpolation('trainTransform', interpolation);
  checkRange('scale', scale, 1);
  checkRange('ratio', ratio, Number.MAX_VALUE);
  const normalise = normaliser('trainTransform', mean, std);
  const transform = (image: RgbImage | OpenedImage, key: Key, into?: Float32Array) => {
    const region = randomResizedCrop(image, scale, ratio, cropDraws(key));
    return normalise(resizeOpened(withMode(image), { width, height, region }, interpolation, fitted), into);
  };
  return Object.assign(transform, { settings: { kind: 'train', options } as const });
}

const fitted = keptBytes();

function cropDraws(key: Key): CropDraws {
  const stream = randomStream(key);
  return {
    uniform: (low, high) => Math.fround(low + stream.uniform() * (high - low)),
    integer: (low, high) => low + stream.integer(high - low + 1),
  };
}

function checkRange(argument: string, [low, high]: readonly [number, number], limit: number): void {
  if (!(low > 0 && low <= high && high <= limit)) {
    const rule = `must be [from, to] with 0 < from ≤ to${limit === 1 ? ' ≤ 1' : ''}`;
    throw new OptionError({ function: 'trainTransform', argument, rule, got: `[${low}, ${high}]` });
  }
}
