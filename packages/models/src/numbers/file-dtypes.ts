import { endianness } from 'node:os';
import type { HostArray } from '@fsc-clip/core';
import { fromBfloat16s, fromFloat16s } from '@fsc-clip/core/numbers';

/** Element types of weight files, by safetensors' names; PyTorch's storages have the same. */
export type FileDType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';

/** Bytes of one element. */
export const itemSizes: Readonly<Record<FileDType, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
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

/** Elements of any file, none of them rounded. */
export type ExactNumbers =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/**
 * Elements from bytes in the file's order, little-endian, every one as it is: float16 and bfloat16 as float32, which holds them exactly.
 *
 * @param buffer - not copied where the element type has an array of its own
 */
export function decodeExact(dtype: FileDType, buffer: ArrayBuffer): ExactNumbers {
  if (endianness() !== 'LE') throw new RangeError('this machine is big-endian; weights are little-endian');
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer);
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return fromFloat16s(new Uint16Array(buffer));
    case 'BF16':
      return fromBfloat16s(new Uint16Array(buffer));
    case 'I64':
      return new BigInt64Array(buffer);
    case 'U64':
      return new BigUint64Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'U32':
      return new Uint32Array(buffer);
    case 'I16':
      return new Int16Array(buffer);
    case 'U16':
      return new Uint16Array(buffer);
    case 'I8':
      return new Int8Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
  }
}

/**
 * Elements as tfjs takes them: floats as float32, integers as int32, bytes and booleans as bytes.
 *
 * @throws RangeError when an integer does not fit 32 bits
 */
export function decode(dtype: FileDType, buffer: ArrayBuffer): HostArray['data'] {
  const numbers = decodeExact(dtype, buffer);
  if (numbers instanceof Float32Array || numbers instanceof Int32Array || numbers instanceof Uint8Array) return numbers;
  if (numbers instanceof Float64Array) return new Float32Array(numbers);
  if (numbers instanceof BigInt64Array || numbers instanceof BigUint64Array) {
    return Int32Array.from({ length: numbers.length }, (_, i) => int32(Number(numbers[i])));
  }
  return Int32Array.from(numbers, int32);
}

function int32(value: number): number {
  if (value !== (value | 0)) throw new RangeError(`${value} does not fit 32 bits`);
  return value;
}
