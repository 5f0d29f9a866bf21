import type { Value } from '../graph/graph.js';
import type { Operation } from '../graph/run-order.js';
import { bytesOf, elementBytes } from './element-bytes.js';

/** Memory for one value after another. */
export interface Buffer {
  readonly bytes: number;
  /** Values of this size may have it. */
  readonly size: string;
  /** The operation that first writes it, by its number. */
  readonly begin: number;
  /** The last operation that reads or writes it. */
  end: number;
  /** Reads and writes that are still to come of the values that were given to it. */
  uses: number;
}

/** onnxruntime's arena gives whole multiples. */
const granularity = 256;

/** Operators whose result is their first input under another shape. */
const aliasing = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);
/** Operators whose CPU kernels write over their first input when nobody reads it later. Sums and products of two do not. */
const inPlace = new Set([
  ...['Cast', 'Clip', 'LogSoftmax', 'ScatterElements', 'ScatterND', 'Softmax'],
  ...['Elu', 'HardSigmoid', 'LeakyRelu', 'Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Tanh', 'ThresholdedRelu'],
]);

/**
 * The memory of values that are made and read inside a program, by the rules of onnxruntime's planner: a buffer is given to a value of the
 * same shape when the one before it is dead, and lives from its first value to the end of its last.
 *
 * @param operations - in the order in which they run
 * @param results - values that leave the program: they have memory of their own
 */
export function activationBuffers(operations: readonly Operation[], results: ReadonlySet<Value>): Buffer[] {
  const uses = new Map<Value, number>();
  for (const value of operations.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])) uses.set(value, (uses.get(value) ?? 0) + 1);
  const all: Buffer[] = [];
  const free: Buffer[] = []; // what became free last is first
  const held = new Map<Value, Buffer>();

  const place = ({ op, inputs }: Operation, index: number, value: Value, now: number): Buffer | undefined => {
    const first = index === 0 ? inputs[0] : undefined;
    const below = first && held.get(first);
    if (aliasing.has(op)) return below;
    if (inPlace.has(op) && below?.uses === 1 && sizeText(first!) === sizeText(value)) return below;
    const found = free.findIndex(({ size }) => size === sizeText(value));
    if (found >= 0) return free.splice(found, 1)[0];
    const bytes = Math.ceil(bytesOf(value) / granularity) * granularity;
    const buffer = { bytes, size: sizeText(value), begin: now, end: now, uses: 0 };
    all.push(buffer);
    return buffer;
  };
  operations.forEach((operation, now) => {
    const { inputs, outputs } = operation;
    outputs.forEach((value, index) => {
      const buffer = results.has(value) ? undefined : place(operation, index, value, now);
      if (!buffer) return;
      buffer.uses += uses.get(value)!;
      held.set(value, buffer);
    });
    for (const value of [...inputs, ...outputs]) {
      const buffer = held.get(value);
      if (!buffer) continue;
      buffer.end = now;
      if (--buffer.uses === 0) free.unshift(buffer);
    }
  });
  return all;
}

/** Elements of one size in one shape. */
function sizeText({ dtype, shape }: Value): string {
  return `${elementBytes[dtype]}[${shape}]`;
}

/** The most bytes of buffers that are alive at one time. */
export function liveBytes(buffers: readonly Buffer[], steps: number): number {
  const changes = new Float64Array(steps + 1);
  for (const { bytes, begin, end } of buffers) {
    changes[begin]! += bytes;
    changes[end + 1]! -= bytes;
  }
  let [live, most] = [0, 0];
  for (const change of changes) most = Math.max(most, (live += change));
  return most;
}
