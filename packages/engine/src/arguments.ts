import type { HostArray } from '@fsc-clip/core';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from './graph/graph.js';
import { EagerArray } from './runtime/eager.js';
import { WorkerArray } from './runtime/worker-array.js';
import { describeTree, flatten, type Leaf, type TreeShape } from './tree.js';
import type { ArrayLike, DeviceArray, DType } from './types.js';

/** An argument's array, ready for a program: numbers of this thread, or an array in the device's worker. */
export interface PreparedArgument {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly from: WorkerArray | Float32Array | Int32Array | Uint8Array;
}

/** Whether a value may stand where the function takes a tensor. */
export function isArgument(value: unknown): value is ArrayLike {
  return typeof value === 'number' || isArray(value);
}

export function isArray(value: unknown): value is Exclude<ArrayLike, number> {
  return value instanceof Tensor || isDeviceArray(value) || isHostArray(value);
}

function isDeviceArray(value: unknown): value is WorkerArray | EagerArray {
  return value instanceof WorkerArray || value instanceof EagerArray;
}

function isHostArray(value: unknown): value is HostArray {
  return typeof value === 'object' && value !== null && 'data' in value && ArrayBuffer.isView(value.data) && 'shape' in value;
}

/**
 * @throws DeviceError when an array was disposed or donated
 * @throws ShapeError when the data of a host array do not fill its shape
 */
export async function prepare({ value, path }: Leaf<ArrayLike>, caller = 'jit'): Promise<PreparedArgument> {
  if (typeof value === 'number') return { path, shape: [], dtype: 'float32', from: Float32Array.of(value) };
  if (value instanceof WorkerArray) {
    value.check(caller, path);
    return { path, shape: value.shape, dtype: value.dtype, from: value };
  }
  if (value instanceof EagerArray || value instanceof Tensor) {
    const array = value instanceof Tensor ? new EagerArray(value) : value;
    array.check(caller, path);
    return { path, shape: array.shape, dtype: array.dtype, from: await array.read() };
  }
  const { data, shape } = value as HostArray;
  const dtype = dtypeOf(data);
  const isShape = shape.every((size) => Number.isInteger(size) && size >= 0);
  if (dtype === undefined || !isShape || sizeOf(shape) !== data.length) {
    throw new ShapeError({
      function: caller,
      argument: path,
      rule: `must be { data: Float32Array | Int32Array | Uint8Array, shape } with as many numbers as its shape [${shape.join(', ')}] says`,
      got: `a ${data.constructor.name} of ${data.length}`,
    });
  }
  return { path, shape, dtype, from: data };
}

/** An argument that a plain function takes: what another device holds is copied to this thread. */
export async function toThisThread({ value, path }: Leaf<ArrayLike>): Promise<Leaf<ArrayLike>> {
  if (!(value instanceof WorkerArray)) return { value, path };
  value.check('jit', path);
  return { value: { data: await value.read(), shape: value.shape }, path };
}

function dtypeOf(data: unknown): DType | undefined {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint8Array ? 'bool' : undefined;
}

/** A text that is equal for arguments that one program takes: the trees, and shape and type of every array. */
export function describeArguments(tree: TreeShape, leaves: readonly PreparedArgument[]): string {
  return `${describeTree(tree)} ${leaves.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ')}`;
}

/** The device arrays of the arguments that a call consumes. */
export function donatedArrays(args: readonly unknown[], positions: readonly number[]): Set<DeviceArray> {
  const donated = new Set<DeviceArray>();
  for (const position of positions) {
    for (const { value } of flatten(args[position], isArgument, `arguments[${position}]`).leaves)
      if (isDeviceArray(value)) donated.add(value);
  }
  const kept = args.filter((_, position) => !positions.includes(position));
  for (const { value, path } of flatten(kept, isArgument, 'arguments').leaves) {
    if (!isDeviceArray(value) || !donated.has(value)) continue;
    throw new OptionError({
      function: 'jit',
      argument: 'donate',
      rule: 'cannot consume an array that another argument passes too',
      got: path,
    });
  }
  return donated;
}

/** The leaves, by number, of the arguments that a call consumes. */
export function donatedLeaves(args: TreeShape, positions: readonly number[]): Set<number> {
  const donated = new Set<number>();
  let next = 0;
  const walk = (tree: TreeShape, consumed: boolean): void => {
    if (tree.kind === 'leaf') {
      if (consumed) donated.add(next);
      next++;
    }
    if (tree.kind === 'list') for (const item of tree.items) walk(item, consumed);
    if (tree.kind === 'record') for (const [, item] of tree.entries) walk(item, consumed);
  };
  if (args.kind === 'list') for (const [position, item] of args.items.entries()) walk(item, positions.includes(position));
  return donated;
}
