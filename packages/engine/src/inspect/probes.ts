import { DeviceError, type HostArray } from '@fsc-clip/core';
import { keep, type Tensor } from '@tensorflow/tfjs-core';
import type { PreparedArgument } from '../arguments.js';
import { openProgram, specifyProgram } from '../program.js';
import type { DeviceWorker } from '../runtime/device-worker.js';
import type { Traced } from '../trace/trace.js';
import type { DeviceArray } from '../types.js';
import { withProbes } from './probe.js';

/** The numbers of every `probe`, by name. */
export type Probes = Readonly<Record<string, HostArray>>;

/** Runs a program that computes the probes of a traced function, once. */
export async function runProbes(worker: DeviceWorker, { graph, probes }: Traced, args: readonly PreparedArgument[]): Promise<Probes> {
  const names = named(Object.keys(probes));
  const spec = await specifyProgram(worker.device, {
    graph: { inputs: graph.inputs, outputs: Object.values(probes) },
    result: { kind: 'list', items: names.map(() => ({ kind: 'leaf' })) },
  });
  const program = await openProgram(worker, spec);
  try {
    const arrays = (await program.run(args, new Set())) as DeviceArray[];
    const read = await Promise.all(arrays.map(async (array) => ({ data: await array.read(), shape: array.shape })));
    for (const array of arrays) array.dispose();
    return record(names, read);
  } finally {
    await program.release();
  }
}

/** Runs a plain function with its probes kept; its results are the caller's. */
export async function probeEagerly<T>(run: () => T): Promise<{ readonly returned: T; readonly probes: Probes }> {
  const kept = new Map<string, Tensor>();
  const returned = withProbes((name, tensor) => kept.set(name, keep(tensor.clone())), run);
  const names = named([...kept.keys()]);
  const read = await Promise.all(
    [...kept.values()].map(async (tensor) => ({ data: (await tensor.data()) as Float32Array, shape: tensor.shape })),
  );
  for (const tensor of kept.values()) tensor.dispose();
  return { returned, probes: record(names, read) };
}

function named(names: string[]): string[] {
  if (names.length > 0) return names;
  throw new DeviceError({ function: 'probes', argument: 'fn', rule: 'must name a tensor by probe(name, tensor)', got: 'none' });
}

function record(names: readonly string[], arrays: readonly HostArray[]): Probes {
  return Object.assign(Object.create(null), Object.fromEntries(names.map((name, i) => [name, arrays[i]!])));
}
