import { type HostArray, WeightsError } from '@fsc-clip/core';
import { toBfloat16, toFloat16 } from '@fsc-clip/core/numbers';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type FileDType, itemSizes } from '../numbers/file-dtypes.js';

/** An array whose numbers can be fetched, such as a compiled function's result. */
export interface ReadableArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  read(): Promise<HostArray['data']>;
}

/** An array that can be written to a file. */
export type WritableArray = Tensor | HostArray | ReadableArray;

/** How floating-point numbers are stored. */
export type StoredFloats = 'float32' | 'float16' | 'bfloat16';

/** One tensor to write; its bytes are asked for when their turn comes. */
export interface ArraySource {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  bytes(): Promise<Uint8Array>;
}

/** Bytes that a source has in a file. */
export function sourceBytes({ dtype, shape }: Pick<ArraySource, 'dtype' | 'shape'>): number {
  return shape.reduce((product, size) => product * size, itemSizes[dtype]);
}

/**
 * An array as a file stores it.
 *
 * @throws WeightsError for other numbers than floats, integers and booleans, and, when its bytes are asked for, for a number that does
 * not fit float16
 */
export function arraySource(caller: string, name: string, array: WritableArray, floats: StoredFloats = 'float32'): ArraySource {
  const { shape } = array;
  const dtype = dtypeOf(array);
  if (dtype === 'float32' && floats === 'float16')
    return { name, shape, dtype: 'F16', bytes: async () => halves(caller, name, await numbers(array)) };
  if (dtype === 'float32' && floats === 'bfloat16')
    return { name, shape, dtype: 'BF16', bytes: async () => bytesOf(Uint16Array.from(await numbers(array), toBfloat16)) };
  const stored = { float32: 'F32', int32: 'I32', bool: 'U8' } as const;
  if (!(dtype === 'float32' || dtype === 'int32' || dtype === 'bool'))
    throw new WeightsError({ function: caller, argument: name, rule: 'must hold floats, integers or booleans', got: dtype });
  return { name, shape, dtype: stored[dtype], bytes: async () => bytesOf(await numbers(array)) };
}

function dtypeOf(array: WritableArray): string {
  if ('dtype' in array) return array.dtype;
  if (array.data instanceof Float32Array) return 'float32';
  return array.data instanceof Int32Array ? 'int32' : 'bool';
}

/** An array's numbers in this thread's memory. */
export async function numbers(array: WritableArray): Promise<HostArray['data']> {
  if ('read' in array) return array.read();
  return typeof array.data === 'function' ? (array.data() as Promise<HostArray['data']>) : array.data;
}

function bytesOf(data: HostArray['data'] | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function halves(caller: string, name: string, data: HostArray['data']): Uint8Array {
  const stored = Uint16Array.from(data, toFloat16);
  const lost = data.findIndex((value, i) => Number.isFinite(value) && (stored[i]! & 0x7fff) === 0x7c00);
  if (lost !== -1)
    throw new WeightsError({ function: caller, argument: name, rule: 'must fit float16 (at most 65504)', got: String(data[lost]) });
  return bytesOf(stored);
}
