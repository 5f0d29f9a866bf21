import type { HostArray } from '@fsc-clip/core';
import type { GoldenNumber } from './golden.js';

/** The number behind a golden JSON value. */
export function goldenNumber(value: GoldenNumber): number {
  return Number(value);
}

/** `max |actual − expected| / max |expected|`, the measure of the golden set's tolerances; Infinity when a number is not finite. */
export function relativeError(actual: ArrayLike<number>, expected: HostArray['data']): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]!)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}

/** Relative error of a loss term: against `max(|expected|, 1e-3)`. */
export function termError(actual: number, expected: number): number {
  return Number.isFinite(actual) ? Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-3) : Number.POSITIVE_INFINITY;
}

/** The rule of the golden set: what a float32 implementation may be off by, from the reference's own float32 error and a floor. */
export function allowedError(float32Error: number | undefined, floor: number): number {
  return Math.max(20 * (float32Error ?? 0), floor);
}

/**
 * The same for a loss term, whose own float32 error follows from the expected value itself. It counts up to ten floors and no further: a wrong
 * expected value would else excuse itself.
 */
export function allowedTermError(float32: number | undefined, expected: number, floor: number): number {
  return Math.min(allowedError(float32 === undefined ? undefined : termError(float32, expected), floor), 10 * floor);
}
