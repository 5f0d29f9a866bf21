import { DeviceError } from '@fsc-clip/core';
import type { PreparedArgument } from './arguments.js';
import { type EncodedProgram, encodeProgram } from './onnx/encode.js';
import type { DeviceWorker } from './runtime/device-worker.js';
import type { RunInput, RunOutput } from './runtime/protocol.js';
import { WorkerArray } from './runtime/worker-array.js';
import { type Traced, trace } from './trace/trace.js';
import { type TreeShape, unflatten } from './tree.js';
import type { DeviceArray, DType } from './types.js';

/** One specialisation of a compiled function: one tree, one set of shapes, one session. */
export interface Program {
  /** Whether its worker still answers. */
  readonly alive: boolean;
  run(args: readonly PreparedArgument[], donated: ReadonlySet<DeviceArray>): Promise<unknown>;
  release(): Promise<void>;
}

/** Traces `fn` for these arguments, encodes the graph, and opens a session in the device's worker. */
export async function compileProgram(
  worker: DeviceWorker,
  fn: (...args: never[]) => unknown,
  tree: TreeShape,
  leaves: readonly PreparedArgument[],
): Promise<Program> {
  const traced = await trace(fn, { tree, leaves });
  const encoded = encodeProgram(traced.graph);
  const id = worker.newId();
  await worker.send({ kind: 'compile', program: id, model: encoded.model }, [encoded.model.buffer as ArrayBuffer]);
  const { inputs, outputs } = encoded;
  const results = traced.graph.outputs.map(({ shape, dtype }) => ({ shape, dtype: dtype as DType }));
  return {
    get alive() {
      return worker.alive;
    },
    run: (args, donated) => runProgram(worker, id, { inputs, outputs }, results, traced.result, args, donated),
    release: async () => {
      if (worker.alive) await worker.send({ kind: 'release', program: id });
    },
  };
}

async function runProgram(
  worker: DeviceWorker,
  program: number,
  { inputs, outputs }: Pick<EncodedProgram, 'inputs' | 'outputs'>,
  results: readonly { readonly shape: readonly number[]; readonly dtype: DType }[],
  result: Traced['result'],
  args: readonly PreparedArgument[],
  donated: ReadonlySet<DeviceArray>,
): Promise<unknown> {
  const feeds = inputs.map(({ name, index }): RunInput => {
    const { from, shape, dtype, path } = args[index]!;
    if (!(from instanceof WorkerArray)) return { name, data: from, shape, dtype };
    if (from.worker !== worker) {
      throw new DeviceError({
        function: 'jit',
        argument: path,
        rule: `must be on ${worker.device}`,
        got: `an array on ${from.worker.device}`,
        hint: 'read() it first',
      });
    }
    return { name, array: from.id };
  });
  const fetches = outputs.map((name, i): RunOutput => ({ name, array: worker.newId(), ...results[i]! }));
  const consumed = [...donated].filter((array) => array instanceof WorkerArray);
  for (const array of consumed) array.donate();
  try {
    await worker.send({ kind: 'run', program, inputs: feeds, outputs: fetches, donated: consumed.map(({ id }) => id) });
  } catch (error) {
    for (const array of consumed) array.donate(false); // a failed run consumes nothing
    throw error;
  }
  return unflatten(
    result,
    fetches.map(({ array, shape, dtype }) => new WorkerArray(worker, array, shape, dtype)),
  );
}
