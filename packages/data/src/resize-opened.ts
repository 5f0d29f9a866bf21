import type { Interpolation } from './filter-coefficients.js';
import type { OpenedImage, RgbImage } from './image.js';
import { type Allocate, newBytes } from './pixel-view.js';
import { type ResizeTarget, resizePixels } from './resize.js';

/**
 * Resizes in the mode that the file has and converts to RGB afterwards, as Pillow does when `Image.resize` comes before `convert("RGB")`:
 * palettes by nearest neighbour, colours under transparency weighted by their alpha, CMYK in its four channels.
 */
export function resizeOpened(
  image: OpenedImage,
  target: ResizeTarget,
  interpolation: Interpolation,
  allocate: Allocate = newBytes,
): RgbImage {
  const { width, height } = target.crop ?? target;
  const region = target.region ?? { left: 0, top: 0, width: image.width, height: image.height };
  const filter = (data: Uint8Array) => resizePixels(data, 4, image, target, interpolation);
  const resized = (): Uint8Array => {
    if (image.mode === 'RGB') return resizePixels(image.data, 3, image, target, interpolation, allocate);
    if (image.mode === 'P') return resizeNearest(image, target);
    if (image.mode === 'CMYK') return cmykToRgb(filter(image.data));
    // Pillow leaves a picture alone whose size does not change: premultiplying and back would lose bits.
    if (region.width === target.width && region.height === target.height) return dropAlpha(filter(image.data));
    return unpremultiplied(filter(premultiplied(image.data)));
  };
  return { data: resized(), width, height };
}

/** a·b/255, rounded, as Pillow computes it in integers. */
function multiplyBytes(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

function premultiplied(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    for (let channel = 0; channel < 3; channel++) result[i + channel] = multiplyBytes(data[i + channel]!, alpha);
    result[i + 3] = alpha;
  }
  return result;
}

/** RGB bytes of premultiplied pixels. Where nothing is opaque, the (black) colour stays. */
function unpremultiplied(data: Uint8Array): Uint8Array {
  const result = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const value = data[from + channel]!;
      result[to + channel] = alpha === 0 || alpha === 255 ? value : Math.min(255, Math.trunc((255 * value) / alpha));
    }
  }
  return result;
}

/** RGB bytes of RGBA pixels; colours under transparency stay, as in Pillow's `convert("RGB")`. */
export function dropAlpha(data: Uint8Array): Uint8Array {
  const result = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    result[to] = data[from]!;
    result[to + 1] = data[from + 1]!;
    result[to + 2] = data[from + 2]!;
  }
  return result;
}

/** RGB bytes of CMYK pixels by Pillow's plain rule: (255 − K)·(255 − C)/255. */
export function cmykToRgb(data: Uint8Array): Uint8Array {
  const result = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const light = 255 - data[from + 3]!;
    for (let channel = 0; channel < 3; channel++) result[to + channel] = light - multiplyBytes(data[from + channel]!, light);
  }
  return result;
}

function resizeNearest(image: OpenedImage, target: ResizeTarget): Uint8Array {
  const region = target.region ?? { left: 0, top: 0, width: image.width, height: image.height };
  const crop = target.crop ?? { left: 0, top: 0, width: target.width, height: target.height };
  const columns = nearestPositions(region.width, target.width, crop.left, crop.width);
  const rows = nearestPositions(region.height, target.height, crop.top, crop.height);
  const result = new Uint8Array(crop.width * crop.height * 3);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = ((region.top + row) * image.width + region.left + column) * 3;
      result[to++] = image.data[from]!;
      result[to++] = image.data[from + 1]!;
      result[to++] = image.data[from + 2]!;
    }
  }
  return result;
}

/**
 * The inputs under the middles of `count` outputs from `first` on. The middles are summed up from 0, step by step: the rounding of that sum decides ties,
 * so it is part of the result.
 */
function nearestPositions(inputSize: number, outputSize: number, first: number, count: number): Int32Array {
  const positions = new Int32Array(count);
  const scale = inputSize / outputSize;
  let center = scale * 0.5;
  for (let i = 0; i < first; i++) center += scale;
  for (let i = 0; i < count; i++, center += scale) positions[i] = Math.min(inputSize - 1, Math.floor(center));
  return positions;
}
