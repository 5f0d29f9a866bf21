import { OptionError } from '@fsc-clip/core';
import { filterCoefficients, type Interpolation } from './filter-coefficients.js';
import { filterColumns, filterRows, inputsOf } from './filter-passes.js';
import type { Box, RgbImage } from './image.js';
import { type Allocate, keptBytes, newBytes, type PixelView, packed } from './pixel-view.js';

/** Where a resize reads and what it keeps. */
export interface ResizeTarget {
  /** Width of the whole resized picture, before `crop`. */
  readonly width: number;
  /** Height of the whole resized picture, before `crop`. */
  readonly height: number;
  /** The part of the resized picture that is returned; nothing else is computed. @defaultValue all of it */
  readonly crop?: Box;
  /** The part of the input that is resized; pixels outside have no influence. @defaultValue all of it */
  readonly region?: Box;
}

/**
 * Resizes as Pillow's `Image.resize(size, BICUBIC)` does, byte for byte: a Catmull-Rom-like cubic (a = −0.5), widened when shrinking, in 22-bit
 * fixed point, one axis after the other, rounded to bytes between. The order is Pillow 13's (tall pictures begin with their columns; up to version 12
 * all began with their rows, which changes single bytes by 1).
 *
 * @param image - RGB pixels
 * @param target - the size, and optionally what to read and what to keep
 * @returns RGB pixels of the size of `crop`, or of `target`
 * @throws OptionError when a size is not a positive integer or a box reaches outside its picture
 * @example
 * const small = resizeBicubic(image, { width: 224, height: 224 });
 */
export function resizeBicubic(image: RgbImage, target: ResizeTarget): RgbImage {
  checkTarget('resizeBicubic', image, target);
  return resizeRgb(image, target, 'bicubic');
}

/** Resizes as Pillow's `Image.resize(size, BILINEAR)` does, byte for byte. Otherwise like `resizeBicubic`. */
export function resizeBilinear(image: RgbImage, target: ResizeTarget): RgbImage {
  checkTarget('resizeBilinear', image, target);
  return resizeRgb(image, target, 'bilinear');
}

function resizeRgb(image: RgbImage, target: ResizeTarget, interpolation: Interpolation): RgbImage {
  const { width, height } = target.crop ?? target;
  return { data: resizePixels(image.data, 3, image, target, interpolation), width, height };
}

const betweenPasses = keptBytes();

/** The filter over pixels of 3 or 4 channels: `data` is [size.height, size.width, channels]. */
export function resizePixels(
  data: Uint8Array,
  channels: 3 | 4,
  size: { readonly width: number; readonly height: number },
  target: ResizeTarget,
  interpolation: Interpolation,
  allocate: Allocate = newBytes,
): Uint8Array {
  const region = target.region ?? { left: 0, top: 0, ...size };
  const crop = target.crop ?? { left: 0, top: 0, width: target.width, height: target.height };
  const kept = { rows: [crop.top, crop.top + crop.height], columns: [crop.left, crop.left + crop.width] } as const;
  // An axis whose size stays is not filtered.
  const alongRow = region.width === target.width ? undefined : filterCoefficients(interpolation, region.width, target.width, kept.columns);
  const alongColumn =
    region.height === target.height ? undefined : filterCoefficients(interpolation, region.height, target.height, kept.rows);
  const stride = size.width * channels;
  const source: PixelView = { data, origin: region.top * stride + region.left * channels, stride, channels };
  if (columnsFirst(region, target)) {
    const narrow = filterColumns(source, alongColumn, kept.rows, inputsOf(alongRow, kept.columns), alongRow ? betweenPasses : allocate);
    return packed(filterRows(narrow, alongRow, kept.rows, kept.columns, allocate), kept.rows, kept.columns, source, allocate);
  }
  const flat = filterRows(source, alongRow, inputsOf(alongColumn, kept.rows), kept.columns, alongColumn ? betweenPasses : allocate);
  return packed(filterColumns(flat, alongColumn, kept.rows, kept.columns, allocate), kept.rows, kept.columns, source, allocate);
}

/** Pillow 13's rule, found by comparing with it over thousands of sizes: the height loses more than twice as many pixels as the width. */
function columnsFirst(from: { width: number; height: number }, to: { width: number; height: number }): boolean {
  return to.height < from.height && from.height - to.height > 2 * (from.width - to.width);
}

function checkTarget(name: string, image: RgbImage, target: ResizeTarget): void {
  const inside = (box: Box, size: { width: number; height: number }) =>
    [box.left, box.top, box.width, box.height].every(Number.isInteger) &&
    Math.min(box.left, box.top) >= 0 &&
    Math.min(box.width, box.height) >= 1 &&
    box.left + box.width <= size.width &&
    box.top + box.height <= size.height;
  const refuse = (argument: string, rule: string, got: unknown): never => {
    throw new OptionError({ function: name, argument, rule, got: JSON.stringify(got) });
  };
  if (
    !inside({ left: 0, top: 0, width: image.width, height: image.height }, image) ||
    image.data.length !== image.width * image.height * 3
  ) {
    refuse('image', 'must hold height·width·3 bytes', { width: image.width, height: image.height, bytes: image.data.length });
  }
  if (!inside({ left: 0, top: 0, width: target.width, height: target.height }, target)) {
    refuse('target', 'must have a width and a height of at least 1', { width: target.width, height: target.height });
  }
  if (target.crop && !inside(target.crop, target)) refuse('target.crop', `must lie inside ${target.width}×${target.height}`, target.crop);
  if (target.region && !inside(target.region, image)) {
    refuse('target.region', `must lie inside the picture of ${image.width}×${image.height}`, target.region);
  }
}
