import { readFileSync } from 'node:fs';
import { createKey, randomStream } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import type { Interpolation } from './filter-coefficients.js';
import { pixelKernels } from './pixel-kernels-data.js';
import { resizePixels } from './resize.js';

it('are assembled from the text beside them', async () => {
  const text = readFileSync(new URL('pixel-kernels.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('pixel-kernels.wat', text, { simd: true });
  const message = 'run npx tsx packages/data/tools/make-pixel-kernels.ts';
  expect(Buffer.from(module.toBinary({}).buffer).toString('base64'), message).toBe(pixelKernels.replaceAll('\n', ''));
});

/** One axis by Pillow's arithmetic, number by number: [outer, size, inner] to [outer, outputSize, inner]. */
function filteredByLoops(data: Uint8Array, size: number, inner: number, outputSize: number, interpolation: Interpolation): Uint8Array {
  const cubic = (x: number) => {
    const t = Math.abs(x);
    if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
  };
  const filter = interpolation === 'bicubic' ? cubic : (x: number) => Math.max(0, 1 - Math.abs(x));
  const scale = size / outputSize;
  const stretch = Math.max(1, scale);
  const support = (interpolation === 'bicubic' ? 2 : 1) * stretch;
  const outer = data.length / size / inner;
  const result = new Uint8Array(outer * outputSize * inner);
  for (let x = 0; x < outputSize; x++) {
    const center = (x + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(size, Math.trunc(center + support + 0.5));
    const weights = Array.from({ length: end - start }, (_, tap) => filter((tap + start - center + 0.5) * (1 / stretch)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const fixed = weights.map((weight) => BigInt(Math.trunc((weight / total) * 2 ** 22 + (weight / total < 0 ? -0.5 : 0.5))));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const sum = fixed.reduce((sum, weight, tap) => sum + weight * BigInt(data[(o * size + start + tap) * inner + i]!), 2n ** 21n);
        result[(o * outputSize + x) * inner + i] = Math.max(0, Math.min(255, Number(sum >> 22n)));
      }
    }
  }
  return result;
}

function resizedByLoops(data: Uint8Array, channels: number, [w, h]: number[], [width, height]: number[], interpolation: Interpolation) {
  const along = (pixels: Uint8Array, axis: 'row' | 'column', rowLength: number) => {
    if (axis === 'row') return w === width ? pixels : filteredByLoops(pixels, w!, channels, width!, interpolation);
    return h === height ? pixels : filteredByLoops(pixels, h!, rowLength * channels, height!, interpolation);
  };
  const columnsFirst = height! < h! && h! - height! > 2 * (w! - width!);
  return columnsFirst ? along(along(data, 'column', w!), 'row', 0) : along(along(data, 'row', 0), 'column', width!);
}

describe('the kernels equal the plain loops', () => {
  const random = randomStream(createKey(1));
  /** Noise of which a third is black and a third white: it overshoots on both sides. */
  const noise = (length: number) => Uint8Array.from({ length }, () => [0, 255, random.integer(256)][random.integer(3)]!);
  const between = (low: number, high: number) => low + random.integer(high - low + 1);

  it.each(['bicubic', 'bilinear'] as const)('%s, of any sizes', (interpolation) => {
    for (let round = 0; round < 150; round++) {
      const channels = round % 2 === 0 ? 3 : 4;
      const [from, to] = [
        [between(1, 60), between(1, 40)],
        [between(1, 30), between(1, 30)],
      ] as [[number, number], [number, number]];
      const data = noise(from[0] * from[1] * channels);
      const target = { width: to[0], height: to[1] };
      const ours = resizePixels(data, channels, { width: from[0], height: from[1] }, target, interpolation);
      expect(Buffer.compare(ours, resizedByLoops(data, channels, from, to, interpolation)), `${from} to ${to}`).toBe(0);
    }
  });

  // What is read at a time is bounded: a row longer than that, many rows, columns cut into strips.
  it.each([
    [180_000, 2, 5, 2],
    [5000, 70, 3, 60],
    [40, 30_000, 40, 7],
    [40, 30_000, 11, 4],
    [3, 4, 30_000, 5],
  ])('%i×%i to %i×%i', (w, h, width, height) => {
    const data = noise(w * h * 3);
    const ours = resizePixels(data, 3, { width: w, height: h }, { width, height }, 'bicubic');
    expect(Buffer.compare(ours, resizedByLoops(data, 3, [w, h], [width, height], 'bicubic'))).toBe(0);
  });
});
