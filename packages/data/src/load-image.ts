import { DataError, type HostArray, type Key } from '@fsc-clip/core';
import { decodeImage, openImage } from './decode-image.js';
import type { ImageSource, OpenedImage, RgbImage } from './image.js';
import type { ImageTransform } from './image-transform.js';

/** When a picture becomes RGB: before it is resized, or after (open_clip's evaluation; they differ for palettes, alpha and CMYK). */
export type ColourOrder = 'rgbFirst' | 'asOpened';

/** Decoding and transforming of one picture; the same in this thread and in a worker. */
export async function loadImage(
  source: Exclude<ImageSource, () => unknown>,
  name: string,
  key: Key,
  colourOrder: ColourOrder,
  transform: ImageTransform,
  into?: Float32Array,
): Promise<HostArray<Float32Array>> {
  return transform(await pixelsOf(source, name, colourOrder), key, into);
}

async function pixelsOf(
  source: Exclude<ImageSource, () => unknown>,
  name: string,
  colourOrder: ColourOrder,
): Promise<RgbImage | OpenedImage> {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) return checkedPixels(source, name);
  const options = typeof source === 'string' ? {} : { name };
  return colourOrder === 'rgbFirst' ? decodeImage(source, options) : openImage(source, options);
}

/** Pixels of the caller's own making: a wrong size would read beyond them without a word. */
function checkedPixels(image: RgbImage, name: string): RgbImage {
  const { data, width, height } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (whole && data instanceof Uint8Array && data.length === width * height * 3) return image;
  const rule = 'must be RGB pixels: a Uint8Array of height·width·3 bytes';
  throw new DataError({ function: 'batches', argument: name, rule, got: `${width}×${height} and ${data?.length} bytes` });
}
