import { GraphBuilder } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { cast } from '../rules/elementwise.js';
import { float32Products } from './float32-products.js';
import { type HalfType, halfNumbers } from './half.js';

/** Operators that compute in half precision. Convolutions in bfloat16 are not in every version of onnxruntime's CUDA provider. */
const lowered: Readonly<Record<HalfType, readonly string[]>> = {
  float16: ['MatMul', 'Conv', 'ConvTranspose'],
  bfloat16: ['MatMul'],
};

/** Operators that only place numbers: what they give in half precision is what they take, rounded. */
const shared = ['Reshape', 'Transpose'];
/** The same, where rounding first would round more than is asked for: only numbers that are rounded anyway go through. */
const partial = ['Slice', 'Squeeze', 'Unsqueeze'];

/** How products are lowered. */
export interface Lowering {
  readonly half: HalfType;
  /**
   * Whether roundings stand behind an `Identity`. onnxruntime's CPU provider has no products in half precision: it casts their operands
   * up, and a cast down and up again it leaves out, rounding and all.
   */
  readonly kept: boolean;
}

/**
 * The graph with its matrix products and convolutions in half precision, as PyTorch's autocast computes them: their operands are
 * rounded, their results are float32 again, and so is everything else: inputs, outputs, sums, softmax, norms, the optimizer. A value is
 * rounded once, before it is reshaped or transposed; a result that goes into the next product is not cast there and back; constants
 * are stored rounded. Products in a scope named `float32`, and those of their gradients, stay as they are.
 */
export function lowerProducts(graph: Graph, { half, kept }: Lowering): Graph {
  const g = new GraphBuilder();
  const nodes = liveNodes(graph);
  const pinned = float32Products(nodes);
  const built = new Map<Value, Value>(graph.inputs.map((input) => [input, g.input(input.shape, input.dtype)]));
  const rounded = new Map<Value, Value>();

  const current = (value: Value): Value => {
    let found = built.get(value);
    if (!found) built.set(value, (found = g.restate(value)));
    return found;
  };
  /** A value of the new graph in half precision. */
  const halved = (value: Value): Value => {
    let found = rounded.get(value);
    if (!found) rounded.set(value, (found = placed(value) ?? roundedConstant(value) ?? keep(cast(g, value, half))));
    return found;
  };
  const keep = (value: Value): Value => (kept ? g.node('Identity', [value], value.shape, half) : value);
  const roundedConstant = ({ shape, source }: Value): Value | undefined =>
    source.kind === 'constant' ? g.constant(halfNumbers(source.data as Float32Array, half), shape, half) : undefined;
  const placed = ({ shape, source }: Value): Value | undefined => {
    if (source.kind !== 'node') return undefined;
    const { op, inputs, attributes } = source.node;
    const [from, ...rest] = inputs;
    if (op === 'Cast') return from!.dtype === half ? from : undefined;
    if (!shared.includes(op) && !(partial.includes(op) && isRounded(from!, half))) return undefined;
    return g.node(op, [halved(from!), ...rest], shape, half, attributes);
  };
  const build = (node: Node): readonly Value[] => {
    g.enter(node.origin);
    const inputs = node.inputs.map(current);
    if (!lowered[half].includes(node.op) || pinned.has(node)) return g.nodes(node.op, inputs, node.outputs, node.attributes);
    const product = g.node(node.op, inputs.map(halved), node.outputs[0]!.shape, half, node.attributes);
    return [cast(g, keep(product), 'float32')];
  };

  for (const node of nodes) {
    const made = build(node);
    node.outputs.forEach((output, i) => {
      built.set(output, made[i]!);
    });
  }
  return { inputs: g.inputs, outputs: graph.outputs.map(current) };
}

/** Whether a value is one of half precision, cast up and moved about. */
function isRounded({ source }: Value, half: HalfType): boolean {
  if (source.kind !== 'node') return false;
  const { op, inputs } = source.node;
  if (op === 'Cast') return inputs[0]!.dtype === half;
  return (shared.includes(op) || partial.includes(op)) && isRounded(inputs[0]!, half);
}
