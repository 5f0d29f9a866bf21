import { DataError } from '@fsc-clip/core';
import type { Rgb } from './colours.js';
import type { Sprites } from './sprites.js';

/** Side of a scene in pixels. */
export const sceneSize = 64;

/** How a scene's ground is cut: one half beside the other, one above the other, or not at all. */
export type Layout = 'beside' | 'stacked' | 'whole';

/** A thing, and the square of the scene it fills, in pixels. */
export interface Placement {
  readonly thing: string;
  readonly size: number;
  readonly left: number;
  readonly top: number;
}

/** All that is needed to draw a picture: plain data, a hundred bytes or so. The i-th thing stands on the i-th ground. */
export interface Picture {
  readonly layout: Layout;
  readonly grounds: readonly Rgb[];
  readonly placements: readonly Placement[];
}

/** A part of the scene, in pixels. */
export interface Cell {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the scene that ground `index` fills: 0 is left, or above. */
export function cellOf(layout: Layout, index: number): Cell {
  const half = sceneSize / 2;
  if (layout === 'beside') return { left: index * half, top: 0, width: half, height: sceneSize };
  if (layout === 'stacked') return { left: 0, top: index * half, width: sceneSize, height: half };
  return { left: 0, top: 0, width: sceneSize, height: sceneSize };
}

/** RGB bytes [height, width, 3], row-major: what `@fsc-clip/data` takes for pixels. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Draws a picture. Only copies and blends, so that thousands are drawn in a second. */
export function draw(picture: Picture, sprites: Sprites): Pixels {
  const pixels = new Uint8Array(sceneSize * sceneSize * 3);
  picture.grounds.forEach((ground, i) => {
    fill(pixels, cellOf(picture.layout, i), ground);
  });
  for (const placement of picture.placements) {
    const sprite = sprites.get(placement.thing)?.get(placement.size);
    if (sprite === undefined) {
      const got = `${placement.thing} at ${placement.size} px`;
      throw new DataError({ function: 'draw', argument: 'sprites', rule: 'must hold each thing at its size', got: `no ${got}` });
    }
    blend(pixels, sprite, placement);
  }
  return { data: pixels, width: sceneSize, height: sceneSize };
}

function fill(pixels: Uint8Array, { left, top, width, height }: Cell, ground: Rgb): void {
  const [red, green, blue] = ground;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const to = (y * sceneSize + x) * 3;
      pixels[to] = red;
      pixels[to + 1] = green;
      pixels[to + 2] = blue;
    }
  }
}

function blend(pixels: Uint8Array, sprite: Uint8Array, { size, left, top }: Placement): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = (y * size + x) * 4;
      const alpha = sprite[from + 3]!;
      if (alpha === 0) continue;
      const to = ((top + y) * sceneSize + left + x) * 3;
      for (let c = 0; c < 3; c++) {
        pixels[to + c] = Math.round((sprite[from + c]! * alpha + pixels[to + c]! * (255 - alpha)) / 255);
      }
    }
  }
}
