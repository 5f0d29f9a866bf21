import { DeviceError } from '@fsc-clip/core';
import { clone, keep, Tensor } from '@tensorflow/tfjs-core';
import { isArray, type PreparedArgument, prepare } from './arguments.js';
import { copyNumbers } from './runtime/copy-numbers.js';
import { type DeviceWorker, deviceWorker } from './runtime/device-worker.js';
import { EagerArray, hostTensor } from './runtime/eager.js';
import { WorkerArray } from './runtime/worker-array.js';
import { checkTarget, type Target } from './target.js';
import { flatten, type Leaf, unflatten } from './tree.js';
import type { ArrayLike, DeviceArray, OnDevice } from './types.js';

/**
 * Copies a tree of arrays to a device, where compiled functions take them as they take results of their own. What was copied is the
 * caller's to dispose, at once: weights that begin as tensors need not be held twice while the first step runs.
 *
 * Arrays that are on the device already are in the result as they are; what is no array is kept, but for strings, which are left out.
 *
 * @param options - as for `jit`: `device` ('cpu') and `isolate` ('thread')
 * @throws ShapeError when the tree holds something else than arrays and records
 * @throws DeviceError when an array was disposed or donated, or is on another device
 * @example
 * const tensors = initTrainState(params, optimizer);
 * const state = await toDevice(tensors);
 * disposeParams(params);
 */
export async function toDevice<T>(tree: T, { device = 'cpu', isolate = 'thread' }: Partial<Target> = {}): Promise<OnDevice<T>> {
  checkTarget('toDevice', { device, isolate });
  const { shape, leaves } = flatten(tree, isArray, 'tree', 'toDevice');
  const arrays: DeviceArray[] = [];
  for (const leaf of leaves) {
    arrays.push(device === 'eager' ? toBackend(leaf) : await toWorker(deviceWorker(device, isolate), await prepare(leaf, 'toDevice')));
  }
  return unflatten(shape, arrays) as OnDevice<T>;
}

async function toWorker(worker: DeviceWorker, { from, path, shape, dtype }: PreparedArgument): Promise<WorkerArray> {
  if (!(from instanceof WorkerArray)) {
    const id = worker.newId();
    const numbers = { ...copyNumbers(from), shape, dtype };
    await worker.send({ kind: 'put', array: id, numbers }, 'data' in numbers ? [numbers.data.buffer as ArrayBuffer] : []);
    return new WorkerArray(worker, id, shape, dtype);
  }
  if (from.worker === worker) return from;
  throw new DeviceError({
    function: 'toDevice',
    argument: path,
    rule: `must be on ${worker.name}, or in this thread`,
    got: `an array on ${from.worker.name}`,
    hint: 'read() it first',
  });
}

/** An array of the current tfjs backend that is the caller's alone. */
function toBackend({ value, path }: Leaf<ArrayLike>): EagerArray {
  if (value instanceof EagerArray) return value;
  return new EagerArray(keep(value instanceof Tensor ? clone(value) : hostTensor(value, path, 'toDevice')));
}
