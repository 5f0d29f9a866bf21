import type { Numbers } from './protocol.js';

/** Node 20 has it; TypeScript describes it in the library of a later year. */
type BufferConstructor = new (byteLength: number, options: { readonly maxByteLength: number }) => ArrayBuffer;
type NumbersConstructor = new (buffer: ArrayBuffer) => Numbers;

const mappedBytes = 2 ** 20;

/**
 * Zeros whose memory, where it is much, the system gets back with them: a buffer that could be resized is mapped by itself, where others of up
 * to 32 MB come from the allocator's heap and stay there. It takes none before somebody writes to it.
 */
export function mappedZeros(type: { readonly BYTES_PER_ELEMENT: number } & NumbersConstructor, length: number): Numbers {
  const byteLength = length * type.BYTES_PER_ELEMENT;
  if (byteLength < mappedBytes) return new type(new ArrayBuffer(byteLength));
  return new type(new (ArrayBuffer as BufferConstructor)(byteLength, { maxByteLength: byteLength }));
}

/** A copy of numbers, for a message, in memory like that of `mappedZeros`. */
export function mappedCopy(from: Numbers): Numbers {
  const copy = mappedZeros(from.constructor as typeof Float32Array, from.length);
  copy.set(from);
  return copy;
}
