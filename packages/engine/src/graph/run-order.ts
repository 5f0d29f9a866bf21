import { type Graph, sizeOf, type Value } from './graph.js';
import { liveNodes } from './order.js';

/** An operator of an encoded program. */
export interface Operation {
  /** As in a profile: that of the node; `…_expand` fills a constant of one number, `output_…` copies what no node makes. */
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Value[];
  /** Without those that only leave the program. */
  readonly outputs: readonly Value[];
}

/**
 * The operators of an encoded graph in the order in which onnxruntime runs them: not that of the model's file, but depth first from its
 * last operator that nobody reads, then from the one before it, and so on; of an operator's inputs, the last made comes first. A training
 * step ends in many such operators, its weight gradients: all but the last run after the whole backward pass of that one, and hold what
 * they read until then.
 */
export function runOrder(graph: Graph): Operation[] {
  const operations = encodedOperations(graph);
  const makers = new Map(operations.flatMap(({ outputs }, index) => outputs.map((value) => [value, index] as const)));
  const read = new Set(operations.flatMap(({ inputs }) => inputs));
  const pending = [...operations.keys()].filter((index) => !operations[index]!.outputs.some((value) => read.has(value)));
  const entered = new Set<number>();
  const order = new Set<Operation>(); // an operator may be pending twice
  while (pending.length > 0) {
    const index = pending.at(-1)!;
    const operation = operations[index]!;
    if (entered.has(index)) {
      pending.pop();
      order.add(operation);
    } else {
      entered.add(index);
      const before = operation.inputs.flatMap((value) => makers.get(value) ?? []).sort((a, b) => a - b);
      pending.push(...before.filter((maker) => !entered.has(maker)));
    }
  }
  return [...order];
}

/** As `encodeProgram` writes them: first those that fill constants, in the order in which they are met. */
function encodedOperations(graph: Graph): Operation[] {
  const nodes = liveNodes(graph);
  const copied = graph.outputs.flatMap((value, i): Operation[] => {
    if (value.source.kind === 'node' && graph.outputs.indexOf(value) === i) return [];
    return [{ name: `output_${i}`, op: 'Identity', inputs: [value], outputs: [] }];
  });
  const body: Operation[] = [...nodes, ...copied];
  const filled = new Set(
    body.flatMap(({ inputs }) => inputs).filter(({ source, shape }) => source.kind === 'splat' && sizeOf(shape) !== 1),
  );
  const prologue = [...filled].map((value): Operation => ({ name: `v${value.id}_expand`, op: 'Expand', inputs: [], outputs: [value] }));
  return [...prologue, ...body];
}
