import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor1D, tensor1d } from '@tensorflow/tfjs-core';
import { foldCounters, threefry2x32 } from '../random.js';
import { checkKey, keyWords } from './key-tensor.js';

/** Name of the kernel that a backend may register to fold one counter into a key; `jit`'s tracing backend does. */
export const foldInKernel = 'ThreefryFoldIn';

/**
 * `foldIn` for a key that is a tensor: new, independent keys inside a program, e.g. one for each layer's dropout. Equal to
 * `foldIn(key, ...data)`, eager and compiled.
 *
 * @param key - i32 [2]; never draw from a key that is folded into others as well
 * @returns i32 [2]
 * @throws ShapeError when the key is not int32 [2]
 * @throws OptionError when a number is no integer in [0, 2^53)
 * @example
 * const noise = layers.map((layer, i) => uniform(foldInKey(key, 'dropout', i), layer.shape));
 */
export function foldInKey(key: Tensor1D, ...data: (string | number)[]): Tensor1D {
  checkKey('foldInKey', key);
  const counters = foldCounters(data);
  if (getKernel(foldInKernel, getBackend())) {
    return counters.reduce<Tensor1D>(
      (current, counter) => engine().runKernel(foldInKernel, { key: current } as unknown as NamedTensorMap, { counter: [...counter] }),
      key,
    );
  }
  const [high, low] = counters.reduce(threefry2x32, keyWords(key));
  return tensor1d([high | 0, low | 0], 'int32');
}
