import { DeviceError, OptionError } from '@fsc-clip/core';
import { isArgument, type PreparedArgument, prepare } from '../arguments.js';
import { optimize } from '../passes/optimize.js';
import { inPrecision } from '../precision/in-precision.js';
import type { Lowering } from '../precision/lower-products.js';
import type { DeviceWorker } from '../runtime/device-worker.js';
import { disposeResult } from '../runtime/dispose-result.js';
import { runEagerly } from '../runtime/eager.js';
import { type Traced, type TraceOptions, trace } from '../trace/trace.js';
import { flatten } from '../tree.js';
import { type Exported, exportProgram } from './export.js';
import { type Probes, probeEagerly, runProbes } from './probes.js';
import { type Profile, profileProgram } from './profile.js';

/** What a compiled function tells about itself. Each traces anew and leaves the function's own programs and arguments as they are. */
export interface Inspections {
  probes(...args: unknown[]): Promise<Probes>;
  profile(...args: unknown[]): Promise<Profile>;
  export(path: string, ...args: unknown[]): Promise<Exported>;
}

/** @param worker - starts or finds the worker of the function's device; without it the function runs eagerly */
export function inspections(
  fn: (...args: never[]) => unknown,
  worker: (() => DeviceWorker) | undefined,
  lowering: Lowering | undefined,
): Inspections {
  const traced = async (args: unknown[], options?: TraceOptions): Promise<{ graph: Traced; leaves: PreparedArgument[] }> => {
    const { shape: tree, leaves: found } = flatten(args, isArgument, 'arguments');
    const leaves = await Promise.all(found.map(prepare));
    return { graph: await trace(fn, { tree, leaves }, options), leaves };
  };
  return {
    probes: async (...args) => {
      if (!worker) {
        const { shape: tree, leaves } = flatten(args, isArgument, 'arguments');
        const { returned, probes } = await probeEagerly(() => runEagerly(fn, tree, leaves, new Set()));
        disposeResult(returned);
        return probes;
      }
      const { graph, leaves } = await traced(args);
      return runProbes(worker(), inPrecision(graph, lowering), leaves);
    },
    profile: async (...args) => {
      if (!worker) {
        throw new DeviceError({
          function: 'profile',
          argument: 'device',
          rule: 'must be one that compiles: cpu, webgpu, cuda',
          got: 'eager',
          hint: "tfjs's own profile(fn) and time(fn) measure eager code",
        });
      }
      const { graph, leaves } = await traced(args, { lines: true });
      const target = worker();
      return profileProgram(target, optimize(graph, target.device, lowering), leaves);
    },
    export: async (path, ...args) => {
      if (typeof path !== 'string' || path === '') {
        throw new OptionError({ function: 'export', argument: 'path', rule: 'must be the path of a file', got: JSON.stringify(path) });
      }
      const { graph, leaves } = await traced(args);
      return exportProgram(path, inPrecision(graph, lowering), leaves);
    },
  };
}
