import type { Numbers } from './protocol.js';

/** Node 20 has it; TypeScript describes it in the library of a later year. */
type BufferConstructor = new (byteLength: number, options: { readonly maxByteLength: number }) => ArrayBuffer;

const mappedBytes = 2 ** 20;

/**
 * A copy of numbers, for a message. A large one has memory that the system gets back with it: a buffer that could be resized is mapped by
 * itself, where others of up to 32 MB come from the allocator's heap and stay there.
 */
export function mappedCopy(from: Numbers): Numbers {
  const { byteLength } = from;
  if (byteLength < mappedBytes) return from.slice();
  const buffer = new (ArrayBuffer as BufferConstructor)(byteLength, { maxByteLength: byteLength });
  const copy = new (from.constructor as typeof Float32Array)(buffer);
  copy.set(from);
  return copy;
}
