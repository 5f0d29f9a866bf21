import { OptionError } from '@fsc-clip/core';

/** The filters of Pillow's resize that CLIP's preprocessing uses. */
export type Interpolation = 'bicubic' | 'bilinear';

/** Positions from the first to (not including) the second. */
export type Span = readonly [number, number];

/** For every output position of a span: which inputs it is made of, and their weights in fixed point. */
export interface FilterCoefficients {
  /** Weights per output position; rows shorter than this end in zeros. */
  readonly taps: number;
  /** [positions]: the first input. */
  readonly starts: Int32Array;
  /** [positions]: how many inputs. */
  readonly counts: Int32Array;
  /** [positions, taps], in units of 2^-PRECISION_BITS. */
  readonly weights: Int32Array;
}

/** Fractional bits of a weight: 8 bits of pixel and 2 of overshoot must fit beside them in 32. */
export const PRECISION_BITS = 32 - 8 - 2;

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
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(end - first);
  const counts = new Int32Array(end - first);
  const weights = new Int32Array((end - first) * taps);
  const row = new Float64Array(taps);
  for (let i = 0; i < end - first; i++) {
    const center = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      row[tap] = filter.weight((tap + start - center + 0.5) * (1 / filterScale));
      sum += row[tap]!;
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = row[tap]! / sum;
      weights[i * taps + tap] = Math.trunc(weight * 2 ** PRECISION_BITS + (weight < 0 ? -0.5 : 0.5));
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { taps, starts, counts, weights };
}
