import type { HostArray, Params } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import type { FileDType } from '../numbers/file-dtypes.js';

/** An array on disk: its shape is known, its numbers are read when they are asked for. */
export interface LazyArray {
  readonly shape: readonly number[];
  readonly dtype: FileDType;
  read(): Promise<HostArray>;
}

/** Weights on disk. */
export type LazyWeights = Params<LazyArray>;

/** Whether an array holds floating-point numbers. */
export function isFloat({ dtype }: LazyArray): boolean {
  return dtype.includes('F');
}

/** Reads at once: enough to keep a disk busy, few enough that raw numbers on their way to float32 take little memory. */
const readsAtOnce = 4;

/** Reads all weights. */
export async function readAll(weights: LazyWeights): Promise<Params<HostArray>> {
  const entries = Object.entries(weights);
  const arrays = new Map<string, HostArray>();
  const waiting = entries[Symbol.iterator]();
  const readNext = async (): Promise<void> => {
    for (const [name, array] of waiting) arrays.set(name, await array.read());
  };
  await Promise.all(Array.from({ length: readsAtOnce }, readNext));
  return createParams(entries.map(([name]) => [name, arrays.get(name)!] as const));
}
