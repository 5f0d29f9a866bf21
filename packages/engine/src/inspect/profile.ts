import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedArgument } from '../arguments.js';
import type { Node } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { openProgram, specifyProgram } from '../program.js';
import type { DeviceWorker } from '../runtime/device-worker.js';
import { disposeResult } from '../runtime/dispose-result.js';
import type { Traced } from '../trace/trace.js';
import { profileTable } from './profile-table.js';

/** Time of one node of a program. */
export interface ProfiledNode {
  /** The tfjs kernel and the count of it, e.g. `BatchMatMul_3`. */
  readonly name: string;
  /** The ONNX operator, e.g. `Gemm`. */
  readonly operator: string;
  readonly kernel: string;
  /** Named scopes around it, outermost first: the user's `tidy(name, …)` and tfjs's `forward` and `backward`; '' when there is none. */
  readonly scope: string;
  /** The line of the program that asked for it, `file:line:column`. A gradient's is the line that asked for the gradient. */
  readonly line: string;
  readonly ms: number;
}

/** Time of all nodes that have something in common. */
export interface ProfileRow {
  readonly name: string;
  readonly ms: number;
  /** Part of the time of all nodes, in [0, 1]. */
  readonly share: number;
  readonly nodes: number;
}

/** Where the time of one run went. */
export interface Profile {
  /** The run from begin to end, on the device's worker. */
  readonly runMs: number;
  /** In the order in which they ran. */
  readonly nodes: readonly ProfiledNode[];
  /** The costliest first. */
  readonly byKernel: readonly ProfileRow[];
  readonly byScope: readonly ProfileRow[];
  readonly byLine: readonly ProfileRow[];
  /** The three lists as text, for a terminal. */
  readonly table: string;
}

interface Event {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** Runs a program of its own with onnxruntime's profiler: once to warm up, once for the record. */
export async function profileProgram(
  worker: DeviceWorker,
  traced: Traced,
  args: readonly PreparedArgument[],
  prepack: boolean,
): Promise<Profile> {
  const nodes = liveNodes(traced.graph);
  const folder = await mkdtemp(join(tmpdir(), 'fsc-clip-profile-')); // mode 0700
  try {
    const program = await openProgram(worker, await specifyProgram(worker.device, traced, { prepack }), join(folder, 'run'));
    try {
      for (let i = 0; i < 2; i++) disposeResult(await program.run(args, new Set()));
    } finally {
      await program.release(); // writes the file
    }
    const [file] = await readdir(folder);
    return readProfile(JSON.parse(await readFile(join(folder, file!), 'utf8')) as Event[], nodes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The last run in onnxruntime's list of events, with what is known about the nodes. */
export function readProfile(events: readonly Event[], nodes: readonly Node[]): Profile {
  const known = new Map(nodes.map((node) => [node.name, node.origin]));
  const suffix = '_kernel_time';
  const last = new Map<string, ProfiledNode>();
  for (const { cat, name: event, dur, args } of events) {
    if (cat !== 'Node' || !event.endsWith(suffix)) continue;
    const name = event.slice(0, -suffix.length);
    const { kernel, scope, line } = known.get(name) ?? { kernel: 'constants and copies', scope: '', line: '' };
    last.set(name, { name, operator: args?.op_name ?? '', kernel, scope, line, ms: dur / 1000 });
  }
  const profiled = [...last.values()];
  const runMs = (events.findLast(({ name }) => name === 'model_run')?.dur ?? 0) / 1000;
  const lists = {
    byKernel: sumBy(profiled, ({ kernel }) => kernel),
    byScope: sumBy(profiled, ({ scope }) => scope || '(no scope)'),
    byLine: sumBy(profiled, ({ line }) => line || '(no line)'),
  };
  return { runMs, nodes: profiled, ...lists, table: profileTable(runMs, lists) };
}

function sumBy(nodes: readonly ProfiledNode[], key: (node: ProfiledNode) => string): ProfileRow[] {
  const total = nodes.reduce((sum, { ms }) => sum + ms, 0);
  const rows = new Map<string, { ms: number; nodes: number }>();
  for (const node of nodes) {
    const row = rows.get(key(node)) ?? { ms: 0, nodes: 0 };
    rows.set(key(node), { ms: row.ms + node.ms, nodes: row.nodes + 1 });
  }
  return [...rows].map(([name, row]) => ({ name, ...row, share: total === 0 ? 0 : row.ms / total })).sort((a, b) => b.ms - a.ms);
}
