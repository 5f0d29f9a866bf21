import { DeviceError, OptionError } from '@fsc-clip/core';
import { describeArguments, donatedArrays, donatedLeaves, isArgument, type PreparedArgument, prepare, toThisThread } from './arguments.js';
import { checkCacheOptions } from './cache/cache-options.js';
import { cachedSpec } from './cache/cached-spec.js';
import { entryName } from './cache/entry-name.js';
import { finiteOnly } from './inspect/finite.js';
import { inspections } from './inspect/inspections.js';
import { optimize } from './passes/optimize.js';
import { loweringFor } from './precision/precision.js';
import { openProgram, type Program, specifyProgram } from './program.js';
import { ProgramCache } from './program-cache.js';
import { announceRecompile } from './recompile.js';
import { deviceWorker } from './runtime/device-worker.js';
import { runEagerly } from './runtime/eager.js';
import type { SessionDevice } from './runtime/protocol.js';
import { checkTarget } from './target.js';
import { isTracing, trace } from './trace/trace.js';
import { userLine } from './trace/user-line.js';
import { type Flat, flatten } from './tree.js';
import type { ArrayLike, Compiled, JitOptions } from './types.js';

/**
 * Compiles a function over tfjs tensors, with all that tfjs computes inside it (gradients, optimizer), into a program for onnxruntime.
 * The first call traces `fn` and compiles; later calls with the same trees, shapes and types run the program.
 *
 * - **Arguments**: trees (arrays, records) of `DeviceArray`, `HostArray { data, shape }`, tfjs tensors (copied in, never disposed)
 *   and numbers (float32 inputs: a changing learning rate does not recompile). Strings are left out.
 * - **Results**: the tree that `fn` returns, with a `DeviceArray` for every tensor; the caller owns and disposes them.
 * - **Closures**: tensors that `fn` captures are constants, frozen at the first trace. Frozen weights belong there.
 * - **Donation**: `donate: [0]` consumes the device arrays of the first argument and uses their memory for later results.
 * - **Cache**: `cache: { key }` keeps programs on disk, so that a later start does not trace; see `CacheOptions` for what the key must say.
 * - **Weights**: the cpu's kernels keep captured weights packed, a copy for each product; `prepack: false` holds them once.
 * - **Precision**: `precision: 'fp16'` computes matrix products and convolutions in half precision, all else in float32.
 *
 * @throws OptionError on unknown options
 * @throws DeviceError when `fn` reads values while it is traced, uses an operation without a rule, is called inside another trace, or
 *   an argument was disposed or donated; at once when the device lacks the precision
 * @example
 * const step = jit((state, batch, learningRate) => update(state, batch, learningRate), { donate: [0] });
 * const { state: next, metrics } = await step(state, batch, 1e-5);
 */
export function jit<Args extends unknown[], Result>(fn: (...args: Args) => Result, options: JitOptions = {}): Compiled<Args, Result> {
  const { device = 'cpu', donate = [], isolate = 'thread', maxPrograms = 8, debug = false, precision = 'fp32', prepack = true } = options;
  const cache = options.cache && checkCacheOptions(options.cache);
  if (typeof fn !== 'function') throw new OptionError({ function: 'jit', argument: 'fn', rule: 'must be a function', got: typeof fn });
  checkTarget('jit', { device, isolate });
  const lowering = loweringFor(device, precision);
  if (!Number.isInteger(maxPrograms) || maxPrograms < 1) {
    throw new OptionError({ function: 'jit', argument: 'maxPrograms', rule: 'must be an integer of at least 1', got: String(maxPrograms) });
  }
  const plain = fn as (...args: never[]) => unknown;
  const programs = new ProgramCache(maxPrograms);
  const calls = new Set<Promise<unknown>>();
  let compilations = 0;

  /** The program for such arguments, compiled first when there is none. */
  const withProgram = async <T>(
    on: SessionDevice,
    { shape: tree, leaves }: Flat<ArrayLike>,
    use: (program: Program, args: readonly PreparedArgument[]) => Promise<T>,
    announce = true,
  ): Promise<T> => {
    const prepared = await Promise.all(leaves.map((leaf) => prepare(leaf)));
    const described = describeArguments(tree, prepared);
    const open = async () => {
      const earlier = programs.signatures;
      compilations += 1;
      if (announce && earlier.length > 0) announceRecompile(fn.name, compilations, prepared, earlier, maxPrograms);
      const specify = async () => {
        const traced = optimize(await trace(plain, { tree, leaves: prepared }), on, lowering);
        return specifyProgram(on, traced, { donated: donatedLeaves(tree, donate), prepack });
      };
      const identity = { fn: plain, device: on, precision, prepack, donate, described };
      const spec = cache ? cachedSpec(cache, entryName({ key: cache.key, ...identity }), specify) : specify();
      return openProgram(deviceWorker(on, isolate), await spec);
    };
    const signature = prepared.map(({ path, dtype, shape }) => ({ path, dtype, shape }));
    return programs.use(described, signature, open, (program) => use(program, prepared));
  };
  const run = async (args: unknown[]): Promise<unknown> => {
    if (isTracing()) refuseInsideTrace();
    const flat = flatten(args, isArgument, 'arguments');
    const donated = donatedArrays(args, donate);
    if (debug) return runEagerly(finiteOnly(plain), flat.shape, await Promise.all(flat.leaves.map(toThisThread)), donated);
    if (device === 'eager') return runEagerly(plain, flat.shape, flat.leaves, donated);
    return withProgram(device, flat, (program, prepared) => program.run(prepared, donated));
  };
  const compileFor = async (args: unknown[]): Promise<void> => {
    if (isTracing()) refuseInsideTrace();
    if (debug || device === 'eager') return;
    await withProgram(device, flatten(args, isArgument, 'arguments'), async () => undefined, false);
  };
  const underWay = async <T>(call: Promise<T>): Promise<T> => {
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
    }
  };
  const dispose = async () => {
    await Promise.allSettled(calls); // also those that have no program yet
    await programs.clear();
  };
  const call = (...args: unknown[]) => underWay(run(args));
  const compile = (...args: unknown[]) => underWay(compileFor(args));
  const inspected = inspections(plain, { device, isolate, donate, lowering, prepack });
  return Object.assign(call, inspected, { compile, dispose }) as unknown as Compiled<Args, Result>;
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
