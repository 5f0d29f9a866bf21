import type { Value } from '../graph/graph.js';
import type { OpenSize } from './free-axes.js';

/** A number that grows with the open sizes: `constant + Σ counts[i] · size i`. */
export interface Affine {
  readonly constant: number;
  readonly counts: readonly number[];
}

/**
 * How a number depends on the open sizes.
 *
 * @param seen - the number in the first trace, in those where one size after the other is one larger, and where all are two larger
 * @returns undefined where it is no sum of multiples
 */
export function fitSizes(seen: readonly number[], sizes: readonly OpenSize[]): Affine | undefined {
  const [first, last] = [seen[0]!, seen.at(-1)!];
  const counts = sizes.map((_, i) => seen[i + 1]! - first);
  if (first + 2 * counts.reduce((sum, count) => sum + count, 0) !== last) return undefined;
  return { constant: first - counts.reduce((sum, count, i) => sum + count * sizes[i]!.size, 0), counts };
}

/** A constant whose shape or numbers depend on the open sizes. */
export type GrowingConstant =
  | { readonly kind: 'numbers'; readonly numbers: readonly Affine[] }
  | { readonly kind: 'splat'; readonly number: number; readonly shape: readonly Affine[] }
  | { readonly kind: 'range'; readonly begin: Affine; readonly end: Affine; readonly step: Affine };

/** Finds out how a constant of all traces grows; undefined where it does otherwise. */
export function growingConstant(values: readonly Value[], sizes: readonly OpenSize[]): GrowingConstant | undefined {
  const [{ shape, source, dtype }] = values as [Value];
  const fitAll = (of: (value: Value) => readonly number[]): readonly Affine[] | undefined => {
    const seen = values.map(of);
    if (seen.some(({ length }) => length !== seen[0]!.length)) return undefined;
    const fitted = seen[0]!.map((_, i) =>
      fitSizes(
        seen.map((numbers) => numbers[i]!),
        sizes,
      ),
    );
    return fitted.every((number) => number !== undefined) ? fitted : undefined;
  };
  if (source.kind === 'splat') {
    if (!values.every((value) => value.source.kind === 'splat' && Object.is(value.source.number, source.number))) return undefined;
    const grown = fitAll((value) => value.shape);
    return grown && { kind: 'splat', number: source.number, shape: grown };
  }
  if ((dtype !== 'int64' && dtype !== 'int32') || shape.length !== 1) return undefined;
  if (dtype === 'int64' && values.every((value) => value.shape[0] === shape[0])) {
    const numbers = fitAll(numbersOf);
    return numbers && { kind: 'numbers', numbers };
  }
  if (!values.every(isProgression)) return undefined;
  const bounds = fitAll((value) => {
    const [begin, second] = numbersOf(value) as [number, number];
    return [begin, begin + (second - begin) * value.shape[0]!, second - begin];
  });
  return bounds && { kind: 'range', begin: bounds[0]!, end: bounds[1]!, step: bounds[2]! };
}

/** Whether two constants are the same. */
export function sameConstant(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  if (a.source.kind === 'splat') return b.source.kind === 'splat' && Object.is(a.source.number, b.source.number);
  if (a.source.kind !== 'constant' || b.source.kind !== 'constant') return false;
  const [left, right] = [a.source.data, b.source.data].map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return left!.equals(right!);
}

function numbersOf({ source }: Value): readonly number[] {
  return source.kind === 'constant' ? Array.from(source.data as ArrayLike<number | bigint>, Number) : [];
}

/** Whether a vector's numbers lie at equal, positive or negative, steps. */
function isProgression(value: Value): boolean {
  const numbers = numbersOf(value);
  const step = numbers[1]! - numbers[0]!;
  return numbers.length >= 2 && step !== 0 && numbers.every((number, i) => number === numbers[0]! + i * step);
}
