import { type HostArray, type Key, OptionError } from '@fsc-clip/core';
import { checkInterpolation, type Interpolation } from './filter-coefficients.js';
import { type OpenedImage, type RgbImage, withMode } from './image.js';
import type { TransformSettings } from './image-transform.js';
import { clipMean, clipStd, normaliser } from './normalise.js';
import { type Allocate, keptBytes } from './pixel-view.js';
import { resizeOpened } from './resize-opened.js';
import { roundHalfEven } from './round-half-even.js';
import { sizePair } from './size-pair.js';

/** Options of `evalTransform`; names and meaning are open_clip's preprocessing. */
export interface EvalTransformOptions {
  /** Side of the square that the model sees, or [height, width], in pixels. */
  readonly size: number | readonly [number, number];
  /**
   * `shortest`: resize until the picture covers the square, cut the middle out. `longest`: resize until it fits in, fill the rest.
   * `squash`: resize both sides, the aspect ratio is lost. @defaultValue 'shortest'
   */
  readonly resizeMode?: 'shortest' | 'longest' | 'squash';
  /** @defaultValue 'bicubic' */
  readonly interpolation?: Interpolation;
  /** Byte that fills what `longest` leaves over. @defaultValue 0 */
  readonly fillColor?: number;
  /** Per channel, of values in [0, 1]. @defaultValue clipMean */
  readonly mean?: readonly [number, number, number];
  /** Per channel, of values in [0, 1]. @defaultValue clipStd */
  readonly std?: readonly [number, number, number];
}

/** The transform that `evalTransform` makes. */
export interface EvalTransform {
  (image: RgbImage | OpenedImage, key?: Key, into?: Float32Array): HostArray<Float32Array>;
  readonly settings: TransformSettings;
}

/**
 * Resize, crop, normalise as open_clip does for evaluation, byte for byte.
 *
 * @returns a function from pixels to f32 [3, height, width], normalised
 * @throws OptionError when an option is out of its range
 * @example
 * const transform = evalTransform({ size: 224 });
 * const { data, shape } = transform(await decodeImage('cat.jpg')); // shape [3, 224, 224]
 */
export function evalTransform(options: EvalTransformOptions): EvalTransform {
  const { mean = clipMean, std = clipStd } = options;
  const normalise = normaliser('evalTransform', mean, std);
  const fit = fitToSize(options);
  const transform = (image: RgbImage | OpenedImage, _key?: Key, into?: Float32Array) => normalise(fit(image, fitted), into);
  return Object.assign(transform, { settings: { kind: 'eval', options } as const });
}

const fitted = keptBytes();

/** `evalTransform` before it normalises: RGB pixels of the final size. */
export function fitToSize(options: EvalTransformOptions): (image: RgbImage | OpenedImage, allocate?: Allocate) => RgbImage {
  const { resizeMode = 'shortest', interpolation = 'bicubic', fillColor = 0 } = options;
  const [height, width] = sizePair('evalTransform', options.size);
  checkInterpolation('evalTransform', interpolation);
  if (!['shortest', 'longest', 'squash'].includes(resizeMode)) {
    throw new OptionError({
      function: 'evalTransform',
      argument: 'resizeMode',
      rule: 'must be shortest, longest or squash',
      got: resizeMode,
    });
  }
  if (!Number.isInteger(fillColor) || fillColor < 0 || fillColor > 255) {
    throw new OptionError({ function: 'evalTransform', argument: 'fillColor', rule: 'must be a byte', got: String(fillColor) });
  }
  return (image, allocate) => {
    const [resizedHeight, resizedWidth] = resizedSize(resizeMode, image, height, width);
    const crop = {
      top: Math.max(0, roundHalfEven((resizedHeight - height) / 2)),
      left: Math.max(0, roundHalfEven((resizedWidth - width) / 2)),
      height: Math.min(height, resizedHeight),
      width: Math.min(width, resizedWidth),
    };
    const resized = resizeOpened(withMode(image), { width: resizedWidth, height: resizedHeight, crop }, interpolation, allocate);
    return crop.height === height && crop.width === width ? resized : padded(resized, height, width, fillColor);
  };
}

/** Height and width before cropping, by torchvision's `Resize` (square sizes) and open_clip's `ResizeKeepRatio` (all others): they round differently. */
function resizedSize(resizeMode: string, image: RgbImage | OpenedImage, height: number, width: number): [number, number] {
  if (resizeMode === 'squash') return [height, width];
  if (resizeMode === 'shortest' && height === width) {
    const long = (side: number, short: number) => Math.max(1, Math.trunc((height * side) / short));
    return image.width <= image.height ? [long(image.height, image.width), width] : [height, long(image.width, image.height)];
  }
  const ratios = [image.height / height, image.width / width];
  const ratio = resizeMode === 'longest' ? Math.max(...ratios) : Math.min(...ratios);
  return [Math.max(1, roundHalfEven(image.height / ratio)), Math.max(1, roundHalfEven(image.width / ratio))];
}

/** The picture in the middle of a larger one; an odd pixel goes to the right and the bottom. */
function padded(image: RgbImage, height: number, width: number, fillColor: number): RgbImage {
  const data = new Uint8Array(height * width * 3).fill(fillColor);
  const top = Math.floor((height - image.height) / 2);
  const left = Math.floor((width - image.width) / 2);
  for (let y = 0; y < image.height; y++) {
    data.set(image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3), ((top + y) * width + left) * 3);
  }
  return { data, width, height };
}
