import { endianness } from 'node:os';
import type { HostArray } from '@fsc-clip/core';
import { fromFloat16 } from './float16.js';

/** Element types of safetensors files that are read here. */
export type SafetensorsDType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U32' | 'U16' | 'U8' | 'BOOL';

/** Bytes of one element. */
export const itemSizes: Readonly<Record<SafetensorsDType, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/**
 * Elements from bytes in the file's order, little-endian: floats as float32, integers as int32, bytes and booleans as bytes.
 *
 * @throws RangeError when an integer does not fit 32 bits
 */
export function decode(dtype: SafetensorsDType, buffer: ArrayBuffer): HostArray['data'] {
  if (endianness() !== 'LE') throw new RangeError('this machine is big-endian; weights are little-endian');
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), fromFloat16);
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'I64':
      return Int32Array.from(new BigInt64Array(buffer), (value) => int32(Number(value)));
    case 'U32':
      return Int32Array.from(new Uint32Array(buffer), int32);
    case 'I16':
      return Int32Array.from(new Int16Array(buffer));
    case 'U16':
      return Int32Array.from(new Uint16Array(buffer));
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
  }
}

function int32(value: number): number {
  if (value !== (value | 0)) throw new RangeError(`${value} does not fit 32 bits`);
  return value;
}
