import { OptionError } from '@fsc-clip/core';

/** The filters of Pillow's resize that CLIP's preprocessing uses. */
export type Interpolation = 'bicubic' | 'bilinear';

/** Positions from the first to (not including) the second. */
export type Span = readonly [number, number];

/** For every output position of a span: which inputs it is made of, and their weights in fixed point. */
export interface FilterCoefficients {
  /** [positions]: the first input. */
  readonly starts: Int32Array;
  /** [positions]: how many inputs. */
  readonly counts: Int32Array;
  /** Inputs of a position come two by two: as many times as the longest needs. */
  readonly pairs: number;
  /**
   * [positions, pairs, 4]: of two inputs' weights, in units of 2^-22, the high halves and the low halves (`high · 2^12 + low`, `low` in
   * [0, 2^12)), as the kernels multiply them. Positions of fewer inputs end in zeros.
   */
  readonly weights: Int16Array;
}

/** Fractional bits of a weight: 8 bits of pixel and 2 of overshoot must fit beside them in 32. */
const PRECISION_BITS = 32 - 8 - 2;
const LOW_BITS = 12;

const filters: Record<Interpolation, { support: number; weight(distance: number): number }> = {
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
};

/** @throws OptionError when there is no such filter */
export function checkInterpolation(caller: string, interpolation: Interpolation): void {
  if (Object.hasOwn(filters, interpolation)) return;
  throw new OptionError({ function: caller, argument: 'interpolation', rule: 'must be bicubic or bilinear', got: String(interpolation) });
}

const CACHED = 64;
const cache = new Map<string, FilterCoefficients>();

/** Coefficients for one axis, kept for the sizes met last: a data set has few. */
export function filterCoefficients(interpolation: Interpolation, inputSize: number, outputSize: number, span: Span): FilterCoefficients {
  const name = `${interpolation} ${inputSize} ${outputSize} ${span}`;
  const found = cache.get(name) ?? computeCoefficients(interpolation, inputSize, outputSize, span);
  cache.delete(name); // set again below, so that the oldest stands first
  cache.set(name, found);
  if (cache.size > CACHED) cache.delete(cache.keys().next().value!);
  return found;
}

/** Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`: every rounding here is theirs, in float64 up to the last line. */
function computeCoefficients(interpolation: Interpolation, inputSize: number, outputSize: number, [first, end]: Span): FilterCoefficients {
  const filter = filters[interpolation];
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1); // when shrinking, the filter widens: antialiasing
  const support = filter.support * filterScale;
  const starts = new Int32Array(end - first);
  const counts = new Int32Array(end - first);
  for (let i = 0; i < end - first; i++) {
    const center = (first + i + 0.5) * scale;
    starts[i] = Math.max(0, Math.trunc(center - support + 0.5));
    counts[i] = Math.min(inputSize, Math.trunc(center + support + 0.5)) - starts[i]!;
  }
  const pairs = (counts.reduce((longest, count) => Math.max(longest, count), 0) + 1) >> 1;
  const weights = new Int16Array((end - first) * pairs * 4);
  const row = new Float64Array(2 * pairs);
  for (let i = 0; i < end - first; i++) {
    const center = (first + i + 0.5) * scale;
    let sum = 0;
    for (let tap = 0; tap < counts[i]!; tap++) {
      row[tap] = filter.weight((tap + starts[i]! - center + 0.5) * (1 / filterScale));
      sum += row[tap]!;
    }
    for (let tap = 0; tap < counts[i]!; tap++) {
      const weight = row[tap]! / sum;
      const fixed = Math.trunc(weight * 2 ** PRECISION_BITS + (weight < 0 ? -0.5 : 0.5));
      const at = (i * pairs + (tap >> 1)) * 4 + (tap & 1);
      weights[at] = fixed >> LOW_BITS;
      weights[at + 2] = fixed & (2 ** LOW_BITS - 1);
    }
  }
  return { starts, counts, pairs, weights };
}
