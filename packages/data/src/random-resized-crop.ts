import type { Box } from './image.js';
import { roundHalfEven } from './round-half-even.js';

/** Where `randomResizedCrop` gets its random numbers from. */
export interface CropDraws {
  /** A float32 in [low, high). */
  uniform(low: number, high: number): number;
  /** An integer in [low, high], both included. */
  integer(low: number, high: number): number;
}

/**
 * The box of torchvision's `RandomResizedCrop`: ten tries at an area and an aspect ratio (uniform in its logarithm) that fit; else the largest box in the
 * middle whose ratio is allowed. The draws come in torchvision's order: area, ratio, …, top, left.
 */
export function randomResizedCrop(
  { width, height }: { readonly width: number; readonly height: number },
  scale: readonly [number, number],
  ratio: readonly [number, number],
  draws: CropDraws,
): Box {
  const logRatio = ratio.map((value) => Math.fround(Math.log(Math.fround(value)))) as [number, number];
  for (let tries = 0; tries < 10; tries++) {
    const area = height * width * draws.uniform(...scale);
    const aspect = Math.fround(Math.exp(draws.uniform(...logRatio)));
    const w = roundHalfEven(Math.sqrt(area * aspect));
    const h = roundHalfEven(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = draws.integer(0, height - h);
      return { top, left: draws.integer(0, width - w), width: w, height: h };
    }
  }
  const [narrowest, widest] = ratio;
  const w = width / height > widest ? roundHalfEven(height * widest) : width;
  const h = width / height < narrowest ? roundHalfEven(width / narrowest) : height;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), width: w, height: h };
}
