import { DeviceError, OptionError } from '@fsc-clip/core';
import { describeArguments, donatedArrays, isArgument, type PreparedArgument, prepare } from './arguments.js';
import { compileProgram, type Program } from './program.js';
import { deviceWorker } from './runtime/device-worker.js';
import { runEagerly } from './runtime/eager.js';
import { isTracing } from './trace/trace.js';
import { userLine } from './trace/user-line.js';
import { flatten, type TreeShape } from './tree.js';
import type { Compiled, Device, JitOptions } from './types.js';

const devices = ['cpu', 'webgpu', 'cuda', 'eager'];

/**
 * Compiles a function over tfjs tensors, with all that tfjs computes inside it (gradients, optimizer), into a program for onnxruntime.
 * The first call traces `fn` and compiles; later calls with the same trees, shapes and types run the program.
 *
 * - **Arguments**: trees (arrays, records) of `DeviceArray`, `HostArray { data, shape }`, tfjs tensors (copied in, never disposed)
 *   and numbers (float32 inputs: a changing learning rate does not recompile). Strings are left out.
 * - **Results**: the tree that `fn` returns, with a `DeviceArray` for every tensor; the caller owns and disposes them.
 * - **Closures**: tensors that `fn` captures are constants, frozen at the first trace. Frozen weights belong there.
 * - **Donation**: `donate: [0]` consumes the device arrays of the first argument and uses their memory for later results.
 *
 * @throws OptionError on unknown options
 * @throws DeviceError when `fn` reads values while it is traced, uses an operation without a rule, is called inside another trace, or
 *   an argument was disposed or donated
 * @example
 * const step = jit((state, batch, learningRate) => update(state, batch, learningRate), { donate: [0] });
 * const { state: next, metrics } = await step(state, batch, 1e-5);
 */
export function jit<Args extends unknown[], Result>(fn: (...args: Args) => Result, options: JitOptions = {}): Compiled<Args, Result> {
  const { device = 'cpu', donate = [] } = options;
  if (typeof fn !== 'function') throw new OptionError({ function: 'jit', argument: 'fn', rule: 'must be a function', got: typeof fn });
  if (!devices.includes(device)) {
    throw new OptionError({ function: 'jit', argument: 'device', rule: `must be one of ${devices.join(', ')}`, got: String(device) });
  }
  const plain = fn as (...args: never[]) => unknown;
  const programs = new Map<string, Promise<Program>>();

  const programFor = async (on: Exclude<Device, 'eager'>, tree: TreeShape, leaves: readonly PreparedArgument[]): Promise<Program> => {
    const key = describeArguments(tree, leaves);
    const held = programs.get(key);
    if (held && (await held).alive) return held;
    if (!held && programs.size > 0) announce(fn.name, programs.size + 1, leaves);
    const compiled = compileProgram(deviceWorker(on), plain, tree, leaves);
    programs.set(key, compiled);
    compiled.catch(() => programs.delete(key));
    return compiled;
  };

  const call = async (...args: unknown[]): Promise<unknown> => {
    if (isTracing()) refuseInsideTrace();
    const { shape: tree, leaves } = flatten(args, isArgument, 'arguments');
    const donated = donatedArrays(args, donate);
    if (device === 'eager') return runEagerly(plain, tree, leaves, donated);
    const prepared = await Promise.all(leaves.map(prepare));
    const program = await programFor(device, tree, prepared);
    return program.run(prepared, donated);
  };
  const dispose = async () => {
    const held = [...programs.values()];
    programs.clear();
    await Promise.all(held.map(async (program) => (await program.catch(() => undefined))?.release()));
  };
  return Object.assign(call, { dispose }) as unknown as Compiled<Args, Result>;
}

/** A new shape compiles anew, which takes seconds for a large model: said aloud. */
function announce(name: string, count: number, leaves: readonly PreparedArgument[]): void {
  const largest = leaves
    .filter(({ shape }) => shape.length > 0)
    .slice(-4)
    .map(({ path, shape }) => `${path} [${shape.join(', ')}]`);
  process.emitWarning(
    `jit: ${name || 'fn'} is compiled for the ${count}. time, for ${largest.join(', ')}. Keep shapes static: every new shape is a new program`,
    {
      type: 'FscClipRecompile',
    },
  );
}

function refuseInsideTrace(): never {
  throw new DeviceError({
    function: 'jit',
    argument: 'fn',
    rule: 'cannot call a compiled function while it is traced',
    got: `a call at ${userLine()}`,
    hint: 'Use the plain function inside',
  });
}
