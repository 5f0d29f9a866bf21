import { DeviceError } from '@fsc-clip/core';
import { donatedLeaves, isArgument, type PreparedArgument, prepare } from '../arguments.js';
import { optimize } from '../passes/optimize.js';
import { inPrecision } from '../precision/in-precision.js';
import type { Lowering } from '../precision/lower-products.js';
import { deviceWorker } from '../runtime/device-worker.js';
import { disposeResult } from '../runtime/dispose-result.js';
import { runEagerly } from '../runtime/eager.js';
import { type Traced, type TraceOptions, trace } from '../trace/trace.js';
import { flatten, type TreeShape } from '../tree.js';
import type { Device, Isolation } from '../types.js';
import { measureDrift } from './drift.js';
import { type Exported, exportProgram } from './export.js';
import { type ExportOptions, exportOptions, tracedForExport } from './export-options.js';
import { estimateMemory, type MemoryEstimate } from './memory.js';
import { type Probes, probeEagerly, runProbes } from './probes.js';
import { type Profile, profileProgram } from './profile.js';

/** What a compiled function tells about itself. Each traces anew and leaves the function's own programs and arguments as they are. */
export interface Inspections {
  probes(...args: unknown[]): Promise<Probes>;
  profile(...args: unknown[]): Promise<Profile>;
  memory(...args: unknown[]): Promise<MemoryEstimate>;
  export(options: string | ExportOptions, ...args: unknown[]): Promise<Exported>;
}

/** How the function is compiled. */
interface CompiledAs {
  readonly device: Device;
  readonly isolate: Isolation;
  readonly donate: readonly number[];
  readonly lowering: Lowering | undefined;
  readonly prepack: boolean;
}

export function inspections(fn: (...args: never[]) => unknown, { device, isolate, donate, lowering, prepack }: CompiledAs): Inspections {
  const traced = async (
    args: unknown[],
    options?: TraceOptions,
  ): Promise<{ graph: Traced; tree: TreeShape; leaves: PreparedArgument[] }> => {
    const { shape: tree, leaves: found } = flatten(args, isArgument, 'arguments');
    const leaves = await Promise.all(found.map((leaf) => prepare(leaf)));
    return { graph: await trace(fn, { tree, leaves }, options), tree, leaves };
  };
  return {
    probes: async (...args) => {
      if (device === 'eager') {
        const { shape: tree, leaves } = flatten(args, isArgument, 'arguments');
        const { returned, probes } = await probeEagerly(() => runEagerly(fn, tree, leaves, new Set()));
        disposeResult(returned);
        return probes;
      }
      const { graph, leaves } = await traced(args);
      return runProbes(deviceWorker(device, isolate), inPrecision(graph, lowering), leaves);
    },
    profile: async (...args) => {
      if (device === 'eager') refuseEager('profile', "tfjs's own profile(fn) and time(fn) measure eager code");
      const { graph, leaves } = await traced(args, { lines: true });
      return profileProgram(deviceWorker(device, isolate), optimize(graph, device, lowering), leaves, prepack);
    },
    memory: async (...args) => {
      if (device === 'eager') refuseEager('memory', "tfjs's own profile(fn) says what eager code holds");
      const { graph, tree } = await traced(args);
      return estimateMemory(optimize(graph, device, lowering).graph, device, { donated: donatedLeaves(tree, donate), prepack });
    },
    export: async (given, ...args) => {
      const options = exportOptions(given);
      const { shape: tree, leaves: found } = flatten(args, isArgument, 'arguments');
      const leaves = await Promise.all(found.map((leaf) => prepare(leaf)));
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

function refuseEager(inspection: string, hint: string): never {
  throw new DeviceError({
    function: inspection,
    argument: 'device',
    rule: 'must be one that compiles: cpu, webgpu, cuda',
    got: 'eager',
    hint,
  });
}
