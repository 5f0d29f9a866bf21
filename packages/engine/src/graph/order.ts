import type { Graph, Node, Value } from './graph.js';

/** The nodes that the outputs need, each after those that it reads: everything else is dead code. */
export function liveNodes(graph: Graph): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const pending: { node: Node; next: number }[] = [];
  const visit = (value: Value) => {
    if (value.source.kind !== 'node' || seen.has(value.source.node)) return;
    seen.add(value.source.node);
    pending.push({ node: value.source.node, next: 0 });
    while (pending.length > 0) {
      const top = pending[pending.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        pending.pop();
      } else if (input.source.kind === 'node' && !seen.has(input.source.node)) {
        seen.add(input.source.node);
        pending.push({ node: input.source.node, next: 0 });
      }
    }
  };
  graph.outputs.forEach(visit);
  // Depth first finds what is needed; the order of tracing (outputs are numbered as they are built) keeps buffers short-lived.
  return order.sort((a, b) => a.outputs[0]!.id - b.outputs[0]!.id);
}
