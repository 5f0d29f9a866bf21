import { DeviceError, ShapeError } from '@fsc-clip/core';
import { keep, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { flatten, type Leaf, type TreeShape, unflatten } from '../tree.js';
import type { ArrayLike, DeviceArray, DType } from '../types.js';

/** A `DeviceArray` over a tensor of the current tfjs backend. */
export class EagerArray implements DeviceArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly tensor: Tensor;

  constructor(value: Tensor) {
    this.tensor = value;
    this.shape = value.shape;
    this.dtype = value.dtype as DType;
  }

  check(name: string, argument: string): void {
    if (!this.tensor.isDisposed) return;
    throw new DeviceError({ function: name, argument, rule: 'must be a live array', got: 'one that was disposed or donated' });
  }

  async read(): Promise<Float32Array | Int32Array | Uint8Array> {
    this.check('read', 'array');
    const data = await this.tensor.data();
    // tfjs casts int32 to float32 by name only: the numbers stay in an Int32Array.
    return this.dtype === 'float32' && !(data instanceof Float32Array) ? Float32Array.from(data) : (data as Float32Array);
  }

  dispose(): void {
    this.tensor.dispose();
  }
}

/** Runs the plain function on the current tfjs backend; donated arrays are disposed after the call. */
export function runEagerly(
  fn: (...args: never[]) => unknown,
  tree: TreeShape,
  leaves: readonly Leaf<ArrayLike>[],
  donated: ReadonlySet<DeviceArray>,
): unknown {
  const owned: Tensor[] = [];
  const tensors = leaves.map(({ value, path }) => {
    if (value instanceof EagerArray) return value.tensor;
    if (value instanceof Tensor) return value;
    const made = hostTensor(value, path);
    owned.push(made);
    return made;
  });
  let shape: TreeShape | undefined;
  let results: Tensor[];
  try {
    results = tidy(() => {
      const returned = fn(...(unflatten(tree, tensors) as never[]));
      const flat = flatten(returned, (value): value is Tensor => value instanceof Tensor, 'result');
      shape = flat.shape;
      return flat.leaves.map(({ value }) => keep(value.clone()));
    });
  } finally {
    for (const made of owned) made.dispose();
  }
  for (const array of donated) array.dispose();
  return unflatten(
    shape!,
    results.map((value) => new EagerArray(value)),
  );
}

/** @throws ShapeError for an array of another device */
export function hostTensor(value: ArrayLike, path: string, caller = 'jit'): Tensor {
  if (typeof value === 'number') return tensor(value, [], 'float32');
  if ('data' in value && ArrayBuffer.isView(value.data)) {
    const dtype = value.data instanceof Float32Array ? 'float32' : value.data instanceof Int32Array ? 'int32' : 'bool';
    return tensor(value.data, [...value.shape], dtype);
  }
  throw new ShapeError({
    function: caller,
    argument: path,
    rule: 'must be on the current tfjs backend',
    got: 'an array of another device',
    hint: 'read() it first',
  });
}
