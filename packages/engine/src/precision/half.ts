/** Element types of two bytes: eleven significant bits up to 65504, and eight significant bits with float32's range. */
export type HalfType = 'float16' | 'bfloat16';

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Bits of the nearest numbers in half precision, of two equally near ones the even one; infinity beyond the range. */
export function halfNumbers(numbers: Float32Array, type: HalfType): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const convert = type === 'bfloat16' ? bfloat16Bits : float16Bits;
  for (let i = 0; i < words.length; i++) halves[i] = convert(words[i]!);
  return halves;
}

function bfloat16Bits(float32: number): number {
  if ((float32 & 0x7fffffff) > 0x7f800000) return (float32 >>> 16) | 0x40; // NaN stays one
  return (float32 + 0x7fff + ((float32 >>> 16) & 1)) >>> 16;
}

function float16Bits(float32: number): number {
  const sign = (float32 >>> 16) & 0x8000;
  const magnitude = float32 & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // from 65520 on, half-way between 65504 and what would be next
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴, as the float32 numbers from ½ on are: adding ½ rounds to them.
  word[0] = magnitude;
  float[0] = float[0]! + 0.5;
  return sign | (word[0]! - 0x3f000000);
}
