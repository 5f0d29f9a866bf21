import type { Tensor } from '@tensorflow/tfjs-core';
import { WeightsError } from '../errors.js';
import type { Params } from '../types.js';

/** A record with a null prototype from entries. A name that stands twice is an error. */
export function createParams<A>(entries: Iterable<readonly [string, A]>): Params<A> {
  const params: Params<A> = Object.create(null);
  for (const [name, value] of entries) {
    if (name in params) throw new WeightsError({ function: 'createParams', argument: name, rule: 'must stand once', got: 'it twice' });
    params[name] = value;
  }
  return params;
}

/** All parameters of both records, e.g. trainable and frozen. A name in both is an error. */
export function mergeParams<A>(...records: readonly Params<A>[]): Params<A> {
  return createParams(records.flatMap((record) => Object.entries(record)));
}

/** Splits a record in two: names for which `predicate` holds, and the rest. */
export function partitionParams<A>(
  params: Params<A>,
  predicate: (name: string, value: A) => boolean,
): [selected: Params<A>, rest: Params<A>] {
  const entries = Object.entries(params);
  return [
    createParams(entries.filter(([name, value]) => predicate(name, value))),
    createParams(entries.filter(([name, value]) => !predicate(name, value))),
  ];
}

/** A record with the same names and `f(value, name)` as values. */
export function mapParams<A, R>(params: Params<A>, f: (value: A, name: string) => R): Params<R> {
  return createParams(Object.entries(params).map(([name, value]) => [name, f(value, name)] as const));
}

/** Disposes every tensor (or device array) of a record. */
export function disposeParams(params: Params<Pick<Tensor, 'dispose'>>): void {
  for (const value of Object.values(params)) value.dispose();
}
