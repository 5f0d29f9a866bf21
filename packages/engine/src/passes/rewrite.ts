import { GraphBuilder } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';

/** A node as a pass sees it. */
export interface Visit {
  /** The graph that is built. */
  readonly g: GraphBuilder;
  /** The node as it was. */
  readonly node: Node;
  /** Its inputs in the new graph. */
  readonly inputs: readonly Value[];
  /** The nodes that read a value, in the graph as it was; an output of the graph is read by `undefined` as well. */
  readonly readers: (value: Value) => readonly (Node | undefined)[];
}

/** What takes the place of a node's outputs in the new graph; undefined leaves the node as it is. */
export type Pass = (visit: Visit) => readonly Value[] | undefined;

/** The graph with every node rewritten, each after its inputs. What nobody reads any more is gone, equal nodes are one. */
export function rewrite(graph: Graph, pass: Pass): Graph {
  const g = new GraphBuilder();
  const rewritten = new Map<Value, Value>(graph.inputs.map((value) => [value, g.input(value.shape, value.dtype)]));
  const get = (value: Value): Value => {
    let found = rewritten.get(value);
    if (!found) rewritten.set(value, (found = g.restate(value)));
    return found;
  };
  const nodes = liveNodes(graph);
  const readers = readersOf(graph, nodes);
  for (const node of nodes) {
    g.enter(node.origin);
    const inputs = node.inputs.map(get);
    const outputs =
      pass({ g, node, inputs, readers: (value) => readers.get(value) ?? [] }) ?? g.nodes(node.op, inputs, node.outputs, node.attributes);
    node.outputs.forEach((value, i) => {
      rewritten.set(value, outputs[i]!);
    });
  }
  return { inputs: g.inputs, outputs: graph.outputs.map(get) };
}

function readersOf(graph: Graph, nodes: readonly Node[]): Map<Value, (Node | undefined)[]> {
  const readers = new Map<Value, (Node | undefined)[]>();
  const note = (value: Value, reader: Node | undefined) => {
    const known = readers.get(value);
    if (known) known.push(reader);
    else readers.set(value, [reader]);
  };
  for (const node of nodes) for (const value of node.inputs) note(value, node);
  for (const value of graph.outputs) note(value, undefined);
  return readers;
}
