import { flatten } from '../tree.js';
import type { DeviceArray } from '../types.js';

/** Disposes every array of a result. */
export function disposeResult(result: unknown): void {
  const isArray = (value: unknown): value is DeviceArray => typeof value === 'object' && value !== null && 'dispose' in value;
  for (const { value } of flatten(result, isArray, 'result').leaves) value.dispose();
}
