import type { Graph } from '../graph/graph.js';
import { runOrder } from '../graph/run-order.js';
import { activationBuffers, liveBytes } from '../memory/activation-buffers.js';
import { arenaBytes } from '../memory/arena-bytes.js';
import { constantBytes } from '../memory/constant-bytes.js';
import { bytesOf, elementBytes } from '../memory/element-bytes.js';
import type { SpecifyOptions } from '../program.js';
import type { SessionDevice } from '../runtime/protocol.js';
import { findUpdates } from '../update/find-updates.js';
import { memoryTable } from './memory-table.js';

/** Bytes that the calls of a compiled function hold, while one runs. What Node and onnxruntime take for themselves is not in it. */
export interface MemoryEstimate {
  /** The arguments; for state that is updated in place, with room for its gradients. */
  readonly arguments: number;
  /** What the function captured, as the session keeps it. */
  readonly constants: number;
  /** Results that do not take the place of an argument. */
  readonly results: number;
  /** For what is made and read inside: on the cpu what onnxruntime's arena takes, else the most that is alive at one time. */
  readonly activations: number;
  readonly total: number;
  /** As text, for a terminal. */
  readonly table: string;
}

/**
 * What a program will hold, from its graph: nothing is run.
 *
 * @param graph - as the device runs it, after all passes
 */
export function estimateMemory(graph: Graph, device: SessionDevice, { donated, prepack }: Required<SpecifyOptions>): MemoryEstimate {
  const onCpu = device === 'cpu';
  const { program, updates, results } = findUpdates(graph, onCpu ? donated : new Set());
  const operations = runOrder(program);

  const inKernels = updates.flatMap(({ arrays }) => arrays);
  const state = new Set(updates.flatMap(({ arrays, state: slots }) => slots.map((slot) => arrays[slot]!)));
  const read = new Set([...operations.flatMap(({ inputs }) => inputs), ...inKernels, ...updates.flatMap(({ scalars }) => scalars)]);
  const blocks = updates.reduce((sum, { size, arrays }) => sum + arrays.length * size * elementBytes.float32, 0);
  const given = program.inputs.filter((value) => read.has(value) && !state.has(value));

  const kept = results.filter((result) => 'output' in result).length;
  const made = program.outputs.filter((value, i) => i < kept || !inKernels.includes(value)); // kernels alone read the others, in their slots

  const sum = (values: Graph['inputs']) => values.reduce((total, value) => total + bytesOf(value), 0);
  const buffers = activationBuffers(operations, new Set(program.outputs));
  const parts = {
    arguments: blocks + sum(given),
    constants: constantBytes(operations, onCpu && prepack),
    results: sum(made),
    activations: (onCpu ? arenaBytes : liveBytes)(buffers, operations.length),
  };
  const total = Object.values(parts).reduce((bytes, part) => bytes + part, 0);
  return { ...parts, total, table: memoryTable(parts) };
}
