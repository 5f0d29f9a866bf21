import { DeviceError, FscClipError } from '@fsc-clip/core';
import { engine, getBackend, ready, setBackend, Tensor } from '@tensorflow/tfjs-core';
import type { Graph, Value } from '../graph/graph.js';
import { withProbes } from '../inspect/probe.js';
import { refusals } from '../rules/refusals.js';
import { flatten, type TreeShape, unflatten } from '../tree.js';
import type { DType } from '../types.js';
import { backendName } from './backend.js';
import { registerRules } from './register.js';
import { stackFrames, userLine } from './user-line.js';

/** What a trace starts from: the trees of the arguments, and shape and type of every leaf in them. */
export interface TraceSignature {
  readonly tree: TreeShape;
  readonly leaves: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
}

/** A traced function. */
export interface Traced {
  readonly graph: Graph;
  /** The tree of the result; its leaves are the graph's outputs, in order. */
  readonly result: TreeShape;
  /** Where each output stands in the result, e.g. `result.loss`. */
  readonly paths: readonly string[];
  /** What `probe` named. */
  readonly probes: Readonly<Record<string, Value>>;
}

export interface TraceOptions {
  /** Whether nodes remember the user's line. @defaultValue false */
  readonly lines?: boolean;
}

let tracing = false;

/** Whether a function is being traced now (compiled functions cannot be called then). */
export function isTracing(): boolean {
  return tracing;
}

/**
 * Runs `fn` once on tensors without values and writes down what it computes.
 *
 * @throws DeviceError when `fn` reads values, draws unkeyed random numbers, or uses an operation without a rule
 */
export async function trace(
  fn: (...args: never[]) => unknown,
  signature: TraceSignature,
  { lines = false }: TraceOptions = {},
): Promise<Traced> {
  const backend = registerRules();
  if (!getBackend()) await ready().catch(() => undefined); // none but ours may be registered: that is enough for a trace
  const traced = isolated(() => {
    backend.reset();
    backend.keepsLines = lines;
    const probes: Record<string, Value> = Object.create(null);
    const note = (name: string, tensor: Tensor) => {
      probes[name] = backend.resolve(tensor);
    };
    const inputs = signature.leaves.map(({ shape, dtype }) => backend.graph.input(shape, dtype));
    const tensors = inputs.map((input) => engine().makeTensorFromTensorInfo(backend.track(input), backend));
    const args = unflatten(signature.tree, tensors) as never[];
    const returned = explained(() => withProbes(note, () => fn(...args)));
    if (returned instanceof Promise) returned.catch(() => undefined); // what comes of it is of no interest: it is refused here
    if (backend.refused) throw backend.refused;
    if (returned instanceof Promise) {
      throw new DeviceError({ function: 'jit', argument: 'fn', rule: 'must be synchronous', got: 'a function that returns a promise' });
    }
    const { shape, leaves } = flatten(returned, (value): value is Tensor => value instanceof Tensor, 'result');
    const outputs = leaves.map(({ value }) => backend.resolve(value));
    return { graph: { inputs, outputs }, result: shape, paths: leaves.map(({ path }) => path), probes };
  });
  backend.reset(); // else it would hold the constants until the next trace
  return traced;
}

/** Everything that a trace changes for the time it runs, changed back. */
function isolated<T>(run: () => T): T {
  const previous = getBackend();
  const { random } = Math;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = stackFrames;
  tracing = true;
  setBackend(backendName);
  engine().startScope('jit');
  // tfjs seeds its random operations from here: their values would be frozen into the program.
  Math.random = () => {
    throw new DeviceError({
      function: 'jit',
      argument: 'fn',
      rule: 'cannot draw random numbers by tfjs or Math.random: they would be the same in every call',
      got: `a draw at ${userLine()}`,
      hint: 'Use uniform(key, shape) of @fsc-clip/core/tensor and pass the key as an argument',
    });
  };
  try {
    return run();
  } finally {
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
    engine().endScope();
    if (previous) setBackend(previous);
    tracing = false;
  }
}

/** tfjs's refusal of an operation without a kernel, said with the user's line. */
function explained<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const kernel = cause instanceof Error ? cause.message.match(/[Kk]ernel '(\w+)'.*backend '/)?.[1] : undefined;
    if (cause instanceof FscClipError || kernel === undefined) throw cause;
    throw new DeviceError({
      function: 'jit',
      argument: 'fn',
      rule: 'must use operations that can be compiled',
      got: `${kernel} at ${userLine((cause as Error).stack)}`,
      ...(refusals[kernel] && { hint: refusals[kernel] }),
      cause,
    });
  }
}
