import type { HostArray } from '@fsc-clip/core';
import type { ReduceOp } from '../collective.js';

/** Combines arrays of one shape and dtype element by element, from the first to the last. */
export function reduceArrays<Data extends HostArray['data']>(arrays: readonly HostArray<Data>[], op: ReduceOp): HostArray<Data> {
  const [first, ...others] = arrays;
  const total = Float64Array.from(first!.data); // one rounding at the end, whatever the number of ranks
  for (const { data } of others) {
    for (let i = 0; i < total.length; i++) total[i] = op === 'max' ? Math.max(total[i]!, data[i]!) : total[i]! + data[i]!;
  }
  if (op === 'mean') for (let i = 0; i < total.length; i++) total[i]! /= arrays.length;
  const data = copyOf(first!.data);
  data.set(total);
  return { data, shape: [...first!.shape] };
}

/** Puts arrays of one shape and dtype one after the other along their first axis; scalars become a vector. */
export function concatArrays<Data extends HostArray['data']>(arrays: readonly HostArray<Data>[]): HostArray<Data> {
  const { data, shape } = arrays[0]!;
  const [rows = 1, ...rest] = shape;
  const all = new (data.constructor as new (length: number) => Data)(data.length * arrays.length);
  arrays.forEach((array, i) => {
    all.set(array.data, i * data.length);
  });
  return { data: all, shape: [rows * arrays.length, ...rest] };
}

/** The same array in memory of its own. */
export function copyArray<Data extends HostArray['data']>({ data, shape }: HostArray<Data>): HostArray<Data> {
  return { data: copyOf(data), shape: [...shape] };
}

function copyOf<Data extends HostArray['data']>(data: Data): Data {
  return data.slice() as Data;
}
