import { createHash } from 'node:crypto';
import { OptionError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from './image.js';
import { type ResizeTarget, resizeBicubic, resizeBilinear } from './resize.js';

/** A picture that is the same in Python: byte i is ((7·i² + 13·i) >> 5) & 255. */
function picture(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor((7 * i * i + 13 * i) / 32) % 256);
  return { data, width, height };
}

describe('resizing', () => {
  // sha256 (first 16 digits) of the bytes of Pillow 13.0.0's Image.resize. The first two stand on either side of the rule for the order of the axes.
  it.each([
    [120, 130, 100, 90, 'bicubic', '750f27be75545f16'],
    [120, 130, 100, 89, 'bicubic', 'c92606788a973feb'],
    [60, 40, 20, 70, 'bicubic', 'af8e5cdde2eb49e5'],
    [30, 90, 60, 30, 'bilinear', 'c63907114fb64a85'],
    [7, 5, 7, 9, 'bicubic', 'a8ee3c9b57e4843b'],
    [1, 1, 4, 3, 'bilinear', '2c90d9821b097768'],
  ] as const)('%i×%i to %i×%i, %s, is Pillow’s', (width, height, toWidth, toHeight, interpolation, hash) => {
    const resize = interpolation === 'bicubic' ? resizeBicubic : resizeBilinear;
    const { data } = resize(picture(width, height), { width: toWidth, height: toHeight });
    expect(createHash('sha256').update(data).digest('hex').slice(0, 16)).toBe(hash);
  });

  it('halves two pixels to their mean (bilinear, by hand)', () => {
    // 2 → 1: support 2 around 1, both pixels half a (widened) step away: weights 0.75, 0.75, normalised to ½ and ½
    const image = { data: Uint8Array.of(10, 20, 30, 20, 40, 60), width: 2, height: 1 };
    expect([...resizeBilinear(image, { width: 1, height: 1 }).data]).toEqual([15, 30, 45]);
  });

  const sizes = fc.integer({ min: 1, max: 40 });
  const span = (size: number) =>
    fc
      .integer({ min: 0, max: size - 1 })
      .chain((from) => fc.integer({ min: 1, max: size - from }).map((length) => [from, length] as const));
  const box = (width: number, height: number) =>
    fc.tuple(span(width), span(height)).map(([[left, w], [top, h]]) => ({ left, top, width: w, height: h }));
  const cut = (image: RgbImage, { left, top, width, height }: { left: number; top: number; width: number; height: number }): RgbImage => {
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * image.width + left) * 3;
      data.set(image.data.subarray(from, from + width * 3), y * width * 3);
    }
    return { data, width, height };
  };

  it('of a region, cropped, is cutting, resizing and cutting', () => {
    const cases = fc
      .tuple(sizes, sizes, sizes, sizes)
      .chain(([w, h, toWidth, toHeight]) => fc.tuple(fc.constant([w, h, toWidth, toHeight] as const), box(w, h), box(toWidth, toHeight)));
    fc.assert(
      fc.property(cases, ([[w, h, width, height], region, crop]) => {
        const image = picture(w, h);
        const whole = resizeBicubic(cut(image, region), { width, height });
        expect(resizeBicubic(image, { width, height, region, crop })).toEqual(cut(whole, crop));
      }),
    );
  });

  it('to the same size is a copy', () => {
    const image = picture(5, 4);
    const same = resizeBicubic(image, { width: 5, height: 4 });
    expect(same).toEqual(image);
    expect(same.data).not.toBe(image.data);
  });

  it('keeps a constant picture constant', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, fc.integer({ min: 0, max: 255 }), (w, h, width, height, level) => {
        const image = { data: new Uint8Array(w * h * 3).fill(level), width: w, height: h };
        expect(resizeBicubic(image, { width, height }).data).toEqual(new Uint8Array(width * height * 3).fill(level));
      }),
    );
  });

  it.each<[string, Partial<RgbImage>, Partial<ResizeTarget>]>([
    ['`image` must hold height·width·3 bytes', { width: 6 }, {}],
    ['`target` must have a width and a height of at least 1', {}, { width: 0 }],
    ['`target.crop` must lie inside 2×2', {}, { crop: { left: 1, top: 0, width: 2, height: 2 } }],
    ['`target.region` must lie inside the picture of 5×4', {}, { region: { left: 0, top: -1, width: 2, height: 2 } }],
  ])('refuses: %s', (message, image, target) => {
    const call = () => resizeBicubic({ ...picture(5, 4), ...image }, { width: 2, height: 2, ...target });
    expect(call).toThrow(OptionError);
    expect(call).toThrow(message);
  });
});
