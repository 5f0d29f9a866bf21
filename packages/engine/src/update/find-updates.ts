import { type Graph, sizeOf, type Value } from '../graph/graph.js';
import { arraysIn, type Expression, expressionReader } from './expression.js';
import { buildKernel, type KernelCall } from './kernel.js';

/** Where an array comes from: an argument of the call, or an output of the program. */
export type ArraySource = { readonly input: number } | { readonly output: number };

/** Arrays of one size that one kernel updates in place after the run. */
export interface Update extends KernelCall {
  /** Elements of each array. */
  readonly size: number;
  /** The slots that hold donated arguments and, after the kernel, results. The others are read only. */
  readonly state: readonly number[];
}

/** A graph divided into the program that onnxruntime runs and the updates that follow it. */
export interface DividedGraph {
  readonly program: Graph;
  readonly updates: readonly Update[];
  /** For every result of the graph: the program's output that it is, or the argument whose place it takes. */
  readonly results: readonly (ArraySource & { readonly shape: readonly number[] })[];
}

interface Candidate {
  readonly index: number;
  readonly expression: Expression;
  /** Donated arguments that it reads, in the order of the arguments. */
  readonly reads: readonly Value[];
}

/** All arrays of one kernel share a memory, which holds less than 4 GB. */
const largestKernelBytes = 2 ** 32 - 2 ** 20;

/**
 * Takes results that are elementwise functions of donated arguments of their own size out of the program: what is left of them for the
 * program are gradients and scalars. A result takes the place of one donated argument; results that read the same argument are computed
 * together, so that nothing is overwritten before its last reader.
 */
export function findUpdates(graph: Graph, donated: ReadonlySet<number>): DividedGraph {
  const state = new Set(graph.inputs.filter(({ dtype, shape }, index) => donated.has(index) && dtype === 'float32' && sizeOf(shape) > 1));
  const read = expressionReader(state);
  const candidates = graph.outputs.flatMap((value, index): Candidate[] => {
    if (value.dtype !== 'float32' || graph.outputs.indexOf(value) !== graph.outputs.lastIndexOf(value)) return [];
    const expression = read(value);
    const arrays = arraysIn(expression);
    const reads = [...state].filter((input) => arrays.has(input));
    return expression.kind === 'op' && reads.length > 0 ? [{ index, expression, reads }] : [];
  });

  const placeOf = new Map<number, Value>();
  const updates = groupsOf(candidates).flatMap((group): Update[] => {
    const places = assignPlaces(group);
    const stores = group.filter((candidate) => places.has(candidate)).map((candidate) => ({ candidate, to: places.get(candidate)! }));
    const call = buildKernel(stores.map(({ candidate: { expression }, to }) => ({ to, expression })));
    const size = sizeOf(stores[0]!.to.shape);
    if (call.kernel.slots * size * Float32Array.BYTES_PER_ELEMENT > largestKernelBytes) return [];
    for (const { candidate, to } of stores) placeOf.set(candidate.index, to);
    return [{ ...call, size, state: call.kernel.stores.map(({ slot }) => slot) }];
  });

  const kept = graph.outputs.filter((_, index) => !placeOf.has(index));
  const needed = updates.flatMap(({ arrays, scalars }) => [...arrays, ...scalars]).filter(({ source }) => source.kind !== 'input');
  const program = { inputs: graph.inputs, outputs: [...kept, ...new Set(needed.filter((value) => !kept.includes(value)))] };
  if (program.outputs.length === 0) return findUpdates(graph, new Set()); // onnxruntime runs no program without outputs
  let next = 0;
  const results = graph.outputs.map(({ shape }, index) => {
    const place = placeOf.get(index);
    return { ...(place ? sourceIn(program, place) : { output: next++ }), shape };
  });
  return { program, updates, results };
}

/** Where the program finds a value that it takes or gives. */
export function sourceIn(program: Graph, value: Value): ArraySource {
  return value.source.kind === 'input' ? { input: value.source.index } : { output: program.outputs.indexOf(value) };
}

/** Results that read the same donated arguments, directly or through others, in one group. */
function groupsOf(candidates: readonly Candidate[]): Candidate[][] {
  let groups: { members: Candidate[]; reads: Set<Value> }[] = [];
  for (const candidate of candidates) {
    const joined = groups.filter(({ reads }) => candidate.reads.some((value) => reads.has(value)));
    groups = groups.filter((group) => !joined.includes(group));
    groups.push({
      members: [...joined.flatMap(({ members }) => members), candidate],
      reads: new Set([...joined.flatMap(({ reads }) => [...reads]), ...candidate.reads]),
    });
  }
  return groups.map(({ members }) => members.sort((a, b) => a.index - b.index));
}

/** Which argument's place each result takes: those that read few choose first (moments before the weights that read them). */
function assignPlaces(group: readonly Candidate[]): Map<Candidate, Value> {
  const places = new Map<Candidate, Value>();
  const taken = new Set<Value>();
  for (const candidate of [...group].sort((a, b) => a.reads.length - b.reads.length)) {
    const place = candidate.reads.find((value) => !taken.has(value));
    if (!place) continue; // more results than arguments: this one stays in the program
    taken.add(place);
    places.set(candidate, place);
  }
  return places;
}
