import { DeviceError } from '@fsc-clip/core';
import { isArgument, type PreparedArgument, prepare } from '../arguments.js';
import { optimize } from '../passes/optimize.js';
import { inPrecision } from '../precision/in-precision.js';
import type { Lowering } from '../precision/lower-products.js';
import { type DeviceWorker, deviceWorker } from '../runtime/device-worker.js';
import { disposeResult } from '../runtime/dispose-result.js';
import { runEagerly } from '../runtime/eager.js';
import { type Traced, type TraceOptions, trace } from '../trace/trace.js';
import { flatten } from '../tree.js';
import { measureDrift } from './drift.js';
import { type Exported, exportProgram } from './export.js';
import { type ExportOptions, exportOptions, tracedForExport } from './export-options.js';
import { type Probes, probeEagerly, runProbes } from './probes.js';
import { type Profile, profileProgram } from './profile.js';

/** What a compiled function tells about itself. Each traces anew and leaves the function's own programs and arguments as they are. */
export interface Inspections {
  probes(...args: unknown[]): Promise<Probes>;
  profile(...args: unknown[]): Promise<Profile>;
  export(options: string | ExportOptions, ...args: unknown[]): Promise<Exported>;
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
    export: async (given, ...args) => {
      const options = exportOptions(given);
      const { shape: tree, leaves: found } = flatten(args, isArgument, 'arguments');
      const leaves = await Promise.all(found.map(prepare));
      const { program, own } = await tracedForExport(options, leaves, async (grown, lines) =>
        inPrecision(await trace(fn, { tree, leaves: grown }, lines), lowering),
      );
      const exported = await exportProgram(options.path, program);
      const { names, weights = 'float32' } = program;
      if (weights === 'float32') return exported;
      const probes = Object.fromEntries(names.outputs.map((name, i) => [name, own.graph.outputs[i]!]));
      const results = await runProbes(deviceWorker('cpu', 'thread'), { ...own, probes }, leaves);
      return { ...exported, drift: await measureDrift(exported, names.inputs, leaves, options.integers ?? 'int32', results) };
    },
  };
}
