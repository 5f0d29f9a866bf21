import { type ElementType, sizeOf, type Value } from '../graph/graph.js';

/** Bytes of one element of an array. */
export const elementBytes: Readonly<Record<ElementType, number>> = { float32: 4, int32: 4, bool: 1, int64: 8, float16: 2, bfloat16: 2 };

/** Bytes of an array. */
export function bytesOf({ dtype, shape }: Value): number {
  return sizeOf(shape) * elementBytes[dtype];
}
