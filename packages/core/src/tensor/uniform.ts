import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor, type Tensor1D, tensor } from '@tensorflow/tfjs-core';
import { type Key, threefry2x32 } from '../random.js';
import { checkKey, keyWords } from './key-tensor.js';

/** Name of the kernel that a backend may register to draw `uniform` itself; `jit`'s tracing backend does. */
export const uniformKernel = 'ThreefryUniform';

/**
 * Uniform numbers in [0, 1), multiples of 2^-24, from a key: the same numbers eager and compiled. Element i takes word `i mod 2` of
 * Threefry-2x32 at counter `(0, ⌊i / 2⌋)`. Has no gradient.
 *
 * @param key - i32 [2]; a program's input, so that every step can draw anew without a new compilation
 */
export function uniform(key: Tensor1D, shape: readonly number[]): Tensor {
  checkKey('uniform', key);
  if (getKernel(uniformKernel, getBackend())) {
    return engine().runKernel(uniformKernel, { key } as unknown as NamedTensorMap, { shape: [...shape] });
  }
  return tensor(uniformData(keyWords(key), shape), [...shape]);
}

function uniformData(key: Key, shape: readonly number[]): Float32Array {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  for (let i = 0; i < data.length; i += 2) {
    const words = threefry2x32(key, [0, i / 2]);
    data[i] = (words[0] >>> 8) * 2 ** -24;
    if (i + 1 < data.length) data[i + 1] = (words[1] >>> 8) * 2 ** -24;
  }
  return data;
}
