import type { Tensor1D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import type { Key } from '../random.js';

/** @throws ShapeError when a tensor is no key: int32 [2] */
export function checkKey(name: string, key: Tensor1D): void {
  if (key.dtype === 'int32' && key.shape.length === 1 && key.shape[0] === 2) return;
  throw new ShapeError({
    function: name,
    argument: 'key',
    rule: 'must be int32 [2]',
    got: `${key.dtype} [${key.shape.join(', ')}]`,
  });
}

/** The words of a key, unsigned. */
export function keyWords(key: Tensor1D): Key {
  const [high, low] = key.dataSync<'int32'>();
  return [high! >>> 0, low! >>> 0];
}
