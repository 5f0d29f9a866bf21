import { checkShapes, type HostArray, OptionError } from '@fsc-clip/core';

/** A grid of patches. */
export type Grid = readonly [height: number, width: number];

/**
 * Position embeddings of an image tower for another grid of patches, as open_clip resizes them on loading: PyTorch's bicubic
 * interpolation with antialias and `align_corners=False`; the class position, row 0, is kept.
 *
 * @param positions - f32 [1 + height·width, w]
 * @param from - the grid of `positions`
 * @param to - the grid that is wanted
 * @returns f32 [1 + height·width, w] of the new grid
 */
export function resizeImagePositions(positions: HostArray<Float32Array>, from: Grid, to: Grid): HostArray<Float32Array> {
  const { w: width } = checkShapes('resizeImagePositions', { positions: [positions, `${from[0] * from[1] + 1} w`] });
  checkSizes('resizeImagePositions', to);
  const rows = Float64Array.from(positions.data.subarray(width));
  const wide = interpolate(rows, from[0], from[1], width, antialiasedCubic(from[1], to[1])); // along the width
  const grid = interpolate(wide, 1, from[0], to[1] * width, antialiasedCubic(from[0], to[0])); // along the height
  const data = new Float32Array((1 + to[0] * to[1]) * width);
  data.set(positions.data.subarray(0, width));
  data.set(grid, width);
  return { data, shape: [data.length / width, width] };
}

/** Options of `resizeTextPositions`. */
export interface ResizeTextPositionsOptions {
  /**
   * What happens when the new context is shorter: `linear` interpolates as open_clip does on loading, `cut` keeps the first positions as
   * the reference's `--force-context-length` does. A longer context is interpolated. @defaultValue 'linear'
   */
  readonly shorter?: 'linear' | 'cut';
}

/**
 * Position embeddings of a text tower for another context length: PyTorch's linear interpolation with `align_corners=False`.
 *
 * @param positions - f32 [T, w]
 * @param length - the new T
 * @returns f32 [length, w]
 */
export function resizeTextPositions(
  positions: HostArray<Float32Array>,
  length: number,
  { shorter = 'linear' }: ResizeTextPositionsOptions = {},
): HostArray<Float32Array> {
  const { T: from, w: width } = checkShapes('resizeTextPositions', { positions: [positions, 'T w'] });
  checkSizes('resizeTextPositions', [length]);
  if (shorter === 'cut' && length < from) return { data: positions.data.slice(0, length * width), shape: [length, width] };
  const resized = interpolate(Float64Array.from(positions.data), 1, from, width, linear(from, length));
  return { data: Float32Array.from(resized), shape: [length, width] };
}

function checkSizes(name: string, sizes: readonly number[]): void {
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new OptionError({ function: name, argument: 'size', rule: 'must be a positive integer', got: String(size) });
  }
}

/** One output position: a weighted sum of neighbours, the first of them at `start`. */
interface Neighbours {
  readonly start: number;
  readonly weights: readonly number[];
}

/** Applies weights along the middle axis of [outer, size, inner]. */
function interpolate(data: Float64Array, outer: number, size: number, inner: number, outputs: readonly Neighbours[]): Float64Array {
  const result = new Float64Array(outer * outputs.length * inner);
  for (let o = 0; o < outer; o++) {
    outputs.forEach(({ start, weights }, position) => {
      const to = (o * outputs.length + position) * inner;
      weights.forEach((weight, j) => {
        const from = (o * size + start + j) * inner;
        for (let i = 0; i < inner; i++) result[to + i]! += weight * data[from + i]!;
      });
    });
  }
  return result;
}

/** Keys' cubic with a = -1/2, stretched by the scale when shrinking, cut at the border and normalised. */
function antialiasedCubic(from: number, to: number): Neighbours[] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: to }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * stretch + 0.5));
    const weights = Array.from({ length: end - start }, (_, j) => cubic((start + j - centre + 0.5) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: weights.map((weight) => weight / total) };
  });
}

function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

function linear(from: number, to: number): Neighbours[] {
  return Array.from({ length: to }, (_, position) => {
    const source = Math.max(0, ((position + 0.5) * from) / to - 0.5);
    const start = Math.min(Math.trunc(source), from - 1);
    const share = source - start;
    return { start, weights: start + 1 < from ? [1 - share, share] : [1] };
  });
}
