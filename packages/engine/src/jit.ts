import { DeviceError, OptionError } from '@fsc-clip/core';
import { describeArguments, donatedArrays, donatedLeaves, isArgument, prepare, toThisThread } from './arguments.js';
import { checkCacheOptions } from './cache/cache-options.js';
import { cachedSpec } from './cache/cached-spec.js';
import { entryName } from './cache/entry-name.js';
import { finiteOnly } from './inspect/finite.js';
import { inspections } from './inspect/inspections.js';
import { optimize } from './passes/optimize.js';
import { loweringFor } from './precision/precision.js';
import { openProgram, specifyProgram } from './program.js';
import { ProgramCache } from './program-cache.js';
import { announceRecompile } from './recompile.js';
import { deviceWorker } from './runtime/device-worker.js';
import { runEagerly } from './runtime/eager.js';
import { isTracing, trace } from './trace/trace.js';
import { userLine } from './trace/user-line.js';
import { flatten } from './tree.js';
import type { Compiled, JitOptions } from './types.js';

const devices = ['cpu', 'webgpu', 'cuda', 'eager'];
const isolations = ['thread', 'process'];

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
  const { device = 'cpu', donate = [], isolate = 'thread', maxPrograms = 8, debug = false, precision = 'fp32' } = options;
  const cache = options.cache && checkCacheOptions(options.cache);
  if (typeof fn !== 'function') throw new OptionError({ function: 'jit', argument: 'fn', rule: 'must be a function', got: typeof fn });
  if (!devices.includes(device)) {
    throw new OptionError({ function: 'jit', argument: 'device', rule: `must be one of ${devices.join(', ')}`, got: String(device) });
  }
  const lowering = loweringFor(device, precision);
  if (!isolations.includes(isolate)) {
    throw new OptionError({ function: 'jit', argument: 'isolate', rule: `must be one of ${isolations.join(', ')}`, got: String(isolate) });
  }
  if (!Number.isInteger(maxPrograms) || maxPrograms < 1) {
    throw new OptionError({ function: 'jit', argument: 'maxPrograms', rule: 'must be an integer of at least 1', got: String(maxPrograms) });
  }
  const plain = fn as (...args: never[]) => unknown;
  const programs = new ProgramCache(maxPrograms);
  const calls = new Set<Promise<unknown>>();
  let compilations = 0;

  const run = async (args: unknown[]): Promise<unknown> => {
    if (isTracing()) refuseInsideTrace();
    const { shape: tree, leaves } = flatten(args, isArgument, 'arguments');
    const donated = donatedArrays(args, donate);
    if (debug) return runEagerly(finiteOnly(plain), tree, await Promise.all(leaves.map(toThisThread)), donated);
    if (device === 'eager') return runEagerly(plain, tree, leaves, donated);
    const prepared = await Promise.all(leaves.map(prepare));
    const described = describeArguments(tree, prepared);
    const compile = async () => {
      const earlier = programs.signatures;
      compilations += 1;
      if (earlier.length > 0) announceRecompile(fn.name, compilations, prepared, earlier, maxPrograms);
      const specify = async () =>
        specifyProgram(device, optimize(await trace(plain, { tree, leaves: prepared }), device, lowering), donatedLeaves(tree, donate));
      const spec = cache
        ? cachedSpec(cache, entryName({ key: cache.key, fn: plain, device, precision, donate, described }), specify)
        : specify();
      return openProgram(deviceWorker(device, isolate), await spec);
    };
    const signature = prepared.map(({ path, dtype, shape }) => ({ path, dtype, shape }));
    return programs.use(described, signature, compile, (program) => program.run(prepared, donated));
  };
  const call = async (...args: unknown[]): Promise<unknown> => {
    const result = run(args);
    calls.add(result);
    try {
      return await result;
    } finally {
      calls.delete(result);
    }
  };
  const dispose = async () => {
    await Promise.allSettled(calls); // also those that have no program yet
    await programs.clear();
  };
  return Object.assign(call, inspections(plain, { device, isolate, donate, lowering }), { dispose }) as unknown as Compiled<Args, Result>;
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
