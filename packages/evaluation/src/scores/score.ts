import { DataError } from '@fsc-clip/core';

/** A number with its standard error, e.g. an accuracy of 0.85 ± 0.01. A fraction in [0, 1] unless said otherwise. */
export interface Score {
  readonly value: number;
  readonly standardError: number;
}

/** A mean over items, with the items behind it: what `pairedDifference` and `scoreByGroup` need. */
export interface ItemScore extends Score {
  /** One number per item: 1 where it was right, 0 where it was wrong, 0.5 where it was a coin flip. */
  readonly perItem: Float32Array;
}

/**
 * Standard error of an accuracy over independent items: `sqrt(p·(1 − p) / n)`.
 *
 * @param accuracy - the fraction of items that were right, in [0, 1]
 * @param count - the number of items
 */
export function binomialError(accuracy: number, count: number): number {
  return Math.sqrt((accuracy * (1 - accuracy)) / count);
}

/**
 * The mean of numbers with the standard error of that mean: `s / sqrt(n)`, where `s` is the sample deviation (over n − 1). Use it
 * over seeds, or over items whose numbers are not just 0 and 1. One number has no measurable error: NaN.
 *
 * @throws DataError when there is no number
 * @example
 * const overSeeds = meanScore([0.41, 0.43, 0.45]); // { value: 0.43, standardError: 0.0115… }
 */
export function meanScore(values: ArrayLike<number>): Score {
  const value = mean('meanScore', 'values', values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - value) ** 2;
  return { value, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/**
 * How much better `a` did than `b` on the same items: the mean of `a[i] − b[i]` and its standard error. Both methods meet the same
 * easy and hard items, so this error is smaller, and fairer, than the one from two separate errors.
 *
 * @param a - one number per item; `ItemScore.perItem`, or its mean over seeds
 * @param b - the same items in the same order
 * @throws DataError when the lengths differ or there is no item
 * @example
 * const gain = pairedDifference(tuned.group.perItem, base.group.perItem); // e.g. { value: 0.345, standardError: 0.028 }
 */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): Score {
  if (a.length !== b.length) {
    throw new DataError({
      function: 'pairedDifference',
      argument: 'b',
      rule: `must hold the items of \`a\`, ${a.length} numbers`,
      got: `${b.length}`,
      hint: 'Score both methods on the same items in the same order',
    });
  }
  return meanScore(Float64Array.from(a, (value, i) => value - b[i]!));
}

/** @internal The score of items that are right or wrong, for the function `name`. */
export function itemScore(name: string, perItem: Float32Array): ItemScore {
  const value = mean(name, 'items', perItem);
  return { value, standardError: binomialError(value, perItem.length), perItem };
}

function mean(name: string, argument: string, values: ArrayLike<number>): number {
  if (values.length === 0) throw new DataError({ function: name, argument, rule: 'must hold at least one number', got: 'none' });
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
