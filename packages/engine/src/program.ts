import { DeviceError } from '@fsc-clip/core';
import type { PreparedArgument } from './arguments.js';
import type { Value } from './graph/graph.js';
import { packedConstants } from './graph/packed-constants.js';
import { runOrder } from './graph/run-order.js';
import { activationBuffers } from './memory/activation-buffers.js';
import { arenaBytes } from './memory/arena-bytes.js';
import { type EncodedProgram, encodeProgram } from './onnx/encode.js';
import { copyNumbers } from './runtime/copy-numbers.js';
import type { DeviceWorker } from './runtime/device-worker.js';
import type { OutputSpec, ProgramSpec, RunInput, SessionDevice } from './runtime/protocol.js';
import { WorkerArray } from './runtime/worker-array.js';
import type { Traced } from './trace/trace.js';
import { type TreeShape, unflatten } from './tree.js';
import type { DeviceArray, DType } from './types.js';
import { findUpdates } from './update/find-updates.js';
import { specifyUpdates } from './update/specify-updates.js';

/** One specialisation of a compiled function: one tree, one set of shapes, one session. */
export interface Program {
  /** Whether its worker still answers. */
  readonly alive: boolean;
  run(args: readonly PreparedArgument[], donated: ReadonlySet<DeviceArray>): Promise<unknown>;
  release(): Promise<void>;
}

/** A traced function, encoded: all that a worker and a call need. Plain data. */
export interface CompiledSpec {
  readonly program: ProgramSpec;
  /** Which argument each input is. */
  readonly inputs: EncodedProgram['inputs'];
  /** What the leaves of the result are, in order. */
  readonly arrays: readonly ArraySpec[];
  readonly result: TreeShape;
}

interface ArraySpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** How a program is to be held. */
export interface SpecifyOptions {
  /** Leaves of the arguments that a call consumes: on the cpu, state among them is updated in place, after the run. @defaultValue none */
  readonly donated?: ReadonlySet<number>;
  /** Whether the cpu's products keep weights in an order of their own; otherwise they are fed to every run. @defaultValue true */
  readonly prepack?: boolean;
}

/** Less than this is not worth a node of its own. */
const smallestArena = 2 ** 24;

/** Encodes a traced function for a device. */
export async function specifyProgram(
  device: SessionDevice,
  { graph, result }: Pick<Traced, 'graph' | 'result'>,
  { donated = new Set(), prepack = true }: SpecifyOptions = {},
): Promise<CompiledSpec> {
  const onCpu = device === 'cpu';
  const divided = findUpdates(graph, onCpu ? donated : new Set());
  const operations = runOrder(divided.program);
  const packed = packedConstants(prepack ? operations : []);
  const isFed = (constant: Value) => onCpu && !packed.has(constant);
  const arena = onCpu ? arenaBytes(activationBuffers(operations, new Set(divided.program.outputs)), operations.length) : 0;
  const withArena = arena >= smallestArena;
  const encoding = { withSentinel: onCpu, withArena, isFed };
  const { model, constants, inputs: encoded, outputs: names } = encodeProgram(divided.program, encoding);
  const outputs = divided.program.outputs.map((output, i): OutputSpec => ({ name: names[i]!, ...arraySpec(output) }));
  const { inputs, updates } = await specifyUpdates(divided, encoded);
  const program = { model, constants, outputs, ...(withArena && { arenaBytes: arena }), ...(updates && { updates }) };
  return { program, inputs, arrays: graph.outputs.map(arraySpec), result };
}

function arraySpec({ shape, dtype }: Value): ArraySpec {
  return { shape, dtype: dtype as DType };
}

/** Opens a session in the device's worker. The bytes of the model and its constants go there. */
export async function openProgram(worker: DeviceWorker, { program, ...call }: CompiledSpec, profilePrefix?: string): Promise<Program> {
  const id = worker.newId();
  const bytes = [program.model, ...program.constants.map((constant) => constant.bytes)];
  const buffers = new Set(bytes.map(({ buffer }) => buffer as ArrayBuffer));
  await worker.send({ kind: 'compile', program: id, spec: program, profilePrefix }, [...buffers]);
  return {
    get alive() {
      return worker.alive;
    },
    run: (args, donated) => runProgram(worker, id, call, args, donated),
    release: async () => {
      await worker.send({ kind: 'release', program: id }).catch(() => undefined); // a dead worker holds nothing
    },
  };
}

async function runProgram(
  worker: DeviceWorker,
  program: number,
  { inputs, arrays, result }: Omit<CompiledSpec, 'program'>,
  args: readonly PreparedArgument[],
  donated: ReadonlySet<DeviceArray>,
): Promise<unknown> {
  const feeds = inputs.map(({ name, index }): RunInput => {
    const { from, shape, dtype, path } = args[index]!;
    if (!(from instanceof WorkerArray)) return { name, ...copyNumbers(from), shape, dtype };
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
  const results = arrays.map(() => worker.newId());
  const consumed = [...donated].filter((array) => array instanceof WorkerArray);
  for (const array of consumed) array.donate();
  try {
    await worker.send(
      { kind: 'run', program, inputs: feeds, results, donated: consumed.map((array) => array.id) },
      feeds.flatMap((feed) => ('data' in feed ? [feed.data.buffer as ArrayBuffer] : [])),
    );
  } catch (error) {
    for (const array of consumed) array.donate(false); // a failed run consumes nothing
    throw error;
  }
  return unflatten(
    result,
    arrays.map(({ shape, dtype }, i) => new WorkerArray(worker, results[i]!, shape, dtype)),
  );
}
