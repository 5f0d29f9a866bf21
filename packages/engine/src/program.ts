import { DeviceError } from '@fsc-clip/core';
import type { PreparedArgument } from './arguments.js';
import { type EncodedProgram, encodeProgram } from './onnx/encode.js';
import type { DeviceWorker } from './runtime/device-worker.js';
import type { OutputSpec, RunInput } from './runtime/protocol.js';
import { WorkerArray } from './runtime/worker-array.js';
import type { Traced } from './trace/trace.js';
import { type TreeShape, unflatten } from './tree.js';
import type { DeviceArray, DType } from './types.js';

/** One specialisation of a compiled function: one tree, one set of shapes, one session. */
export interface Program {
  /** Whether its worker still answers. */
  readonly alive: boolean;
  run(args: readonly PreparedArgument[], donated: ReadonlySet<DeviceArray>): Promise<unknown>;
  release(): Promise<void>;
}

export interface CompileOptions {
  /** Begin of the path that onnxruntime writes its profile to, when the program is released. */
  readonly profilePrefix?: string;
}

/** Encodes a traced function and opens a session for it in the device's worker. The constants of the graph go there too. */
export async function compileProgram(
  worker: DeviceWorker,
  { graph, result }: Pick<Traced, 'graph' | 'result'>,
  options: CompileOptions = {},
): Promise<Program> {
  const { model, constants, inputs, outputs: names } = encodeProgram(graph);
  const outputs = graph.outputs.map(({ shape, dtype }, i): OutputSpec => ({ name: names[i]!, shape, dtype: dtype as DType }));
  const id = worker.newId();
  const buffers = new Set([model, ...constants.map(({ bytes }) => bytes)].map(({ buffer }) => buffer as ArrayBuffer));
  await worker.send({ kind: 'compile', program: id, model, constants, outputs, ...options }, [...buffers]);
  return {
    get alive() {
      return worker.alive;
    },
    run: (args, donated) => runProgram(worker, { id, inputs, outputs, result }, args, donated),
    release: async () => {
      await worker.send({ kind: 'release', program: id }).catch(() => undefined); // a dead worker holds nothing
    },
  };
}

interface Compiled {
  readonly id: number;
  readonly inputs: EncodedProgram['inputs'];
  readonly outputs: readonly OutputSpec[];
  readonly result: TreeShape;
}

async function runProgram(
  worker: DeviceWorker,
  { id, inputs, outputs, result }: Compiled,
  args: readonly PreparedArgument[],
  donated: ReadonlySet<DeviceArray>,
): Promise<unknown> {
  const feeds = inputs.map(({ name, index }): RunInput => {
    const { from, shape, dtype, path } = args[index]!;
    if (!(from instanceof WorkerArray)) return { name, data: from.slice(), shape, dtype }; // a copy, to be transferred
    from.check('jit', path); // once more: other calls came between
    if (from.worker !== worker) {
      throw new DeviceError({
        function: 'jit',
        argument: path,
        rule: `must be on ${worker.name}`,
        got: `an array on ${from.worker.name}`,
        hint: 'read() it first',
      });
    }
    return { name, array: from.id };
  });
  const results = outputs.map(() => worker.newId());
  const consumed = [...donated].filter((array) => array instanceof WorkerArray);
  for (const array of consumed) array.donate();
  try {
    await worker.send(
      { kind: 'run', program: id, inputs: feeds, results, donated: consumed.map((array) => array.id) },
      feeds.flatMap((feed) => ('data' in feed ? [feed.data.buffer as ArrayBuffer] : [])),
    );
  } catch (error) {
    for (const array of consumed) array.donate(false); // a failed run consumes nothing
    throw error;
  }
  return unflatten(
    result,
    outputs.map(({ shape, dtype }, i) => new WorkerArray(worker, results[i]!, shape, dtype)),
  );
}
