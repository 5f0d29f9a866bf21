import { DeviceError } from '@fsc-clip/core';
import { type BackendValues, type DataType, engine, KernelBackend, registerBackend } from '@tensorflow/tfjs-core';
import { GraphBuilder } from '../graph/builder.js';
import type { ElementType, Value } from '../graph/graph.js';
import { mappedCopy } from '../runtime/mapped-numbers.js';
import { refusedReading } from './refused-reading.js';
import { userLine } from './user-line.js';

/** Name of the tfjs backend that traces. */
export const backendName = 'fsc-clip-trace';

/** One array as tfjs's kernels see it. */
export interface TracedInfo {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: DataType;
}

/**
 * The tfjs backend that computes nothing: a tensor on it stands for a value of the graph under construction.
 * Tensors of other backends that a traced function captures become constants, and stay where they are.
 */
export class TraceBackend extends KernelBackend {
  graph = new GraphBuilder();
  /** Whether nodes remember the user's line, which takes a stack for every operation. */
  keepsLines = false;
  /** Why this trace is refused although the function goes on: it asked for values by a promise. */
  refused: DeviceError | undefined;
  #values = new WeakMap<object, Value>();

  /** Forgets the last trace. */
  reset(): void {
    this.graph = new GraphBuilder();
    this.refused = undefined;
    this.#values = new WeakMap();
  }

  /** A new tfjs handle for a value. */
  track(value: Value): TracedInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: value.dtype as DataType };
  }

  /** The value behind a tfjs tensor. */
  resolve({ dataId, shape, dtype }: { dataId: object; shape: readonly number[]; dtype: DataType }): Value {
    let value = this.#values.get(dataId);
    if (!value) {
      const data = engine().readSync(dataId);
      value = this.graph.constant(copied(data, dtype), shape, dtype as ElementType);
      this.#values.set(dataId, value);
    }
    return value;
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    return this.track(this.graph.constant(copied(values, dtype), shape, dtype as ElementType)).dataId;
  }

  override readSync(): BackendValues {
    throw refusedReading();
  }

  /** Never answers, so that nothing goes on with a value that there is not; the trace throws `refused` when the function returns. */
  override read(): Promise<BackendValues> {
    this.refused ??= refusedReading();
    return new Promise(() => undefined);
  }

  override disposeData(): boolean {
    return true; // values belong to the graph
  }

  override incRef(): void {}

  override refCount(): number {
    return 1;
  }

  override numDataIds(): number {
    return 0;
  }

  override memory() {
    return { unreliable: true, reasons: ['a traced tensor takes no memory'] };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }
}

function copied(values: BackendValues, dtype: DataType): Float32Array | Int32Array | Uint8Array {
  const type = arrayTypes[dtype as keyof typeof arrayTypes];
  if (type && values instanceof type) return mappedCopy(values);
  if (type) return new type(values as ArrayLike<number>); // not `from`, which walks through typed arrays one number at a time
  throw new DeviceError({
    function: 'jit',
    argument: 'fn',
    rule: 'can hold float32, int32 and bool tensors',
    got: `${dtype} at ${userLine()}`,
  });
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

let instance: TraceBackend | undefined;

/** The one tracing backend of this thread, registered with tfjs at first use. */
export function traceBackend(): TraceBackend {
  if (!instance) {
    const backend = new TraceBackend();
    registerBackend(backendName, () => backend, -1); // never chosen by tfjs itself
    instance = backend;
  }
  return instance;
}
