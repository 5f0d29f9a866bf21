import { toFloat16 } from '@fsc-clip/core/numbers';

/** Element types of two bytes: eleven significant bits up to 65504, and eight significant bits with float32's range. */
export type HalfType = 'float16' | 'bfloat16';

/** Bits of the nearest numbers in half precision, of two equally near ones the even one; infinity beyond the range. */
export function halfNumbers(numbers: Float32Array, type: HalfType): Uint16Array {
  if (type === 'float16') return Uint16Array.from(numbers, toFloat16);
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint16Array.from(words, bfloat16Bits);
}

function bfloat16Bits(float32: number): number {
  if ((float32 & 0x7fffffff) > 0x7f800000) return (float32 >>> 16) | 0x40; // NaN stays one
  return (float32 + 0x7fff + ((float32 >>> 16) & 1)) >>> 16;
}
