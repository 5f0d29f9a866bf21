import { mappedCopy } from './mapped-numbers.js';
import type { HostNumbers, HostZeros, Numbers } from './protocol.js';

/** The numbers of an array for a message, which takes them with it: a copy, or that all are zero. */
export function copyNumbers(from: Numbers): Pick<HostNumbers, 'data'> | Pick<HostZeros, 'zeros'> {
  return isZero(from) ? { zeros: true } : { data: mappedCopy(from) };
}

/** Whether every bit is; -0 has one that is not. Reading memory that was never written, as of fresh moments, takes none. */
function isZero(numbers: Numbers): boolean {
  const { buffer, byteOffset, length } = numbers;
  const bits = numbers instanceof Uint8Array ? numbers : new Int32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) if (bits[i] !== 0) return false;
  return true;
}
