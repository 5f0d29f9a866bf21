import type { Node, Value } from '../graph/graph.js';
import { factorOf, readsTransposed } from '../graph/product.js';
import { arithmetic } from '../rules/elementwise.js';
import { concat, reshape } from '../rules/shapes.js';
import type { Pass } from './rewrite.js';

/** A product that sums over so few numbers takes about as long with one more. */
const fewSummed = 32;

/**
 * For onnxruntime's CPU kernels, where a bias costs a matrix product 5 to 7 %: in `(x W + b) + p q` with a narrow `p`, as a layer and its
 * adapter are, the bias becomes one more row of `q`, read by a column of ones beside `p`.
 */
export const moveBiases: Pass = ({ g, node, inputs, readers }) => {
  if (node.op !== 'Add') return undefined;
  for (const side of [0, 1]) {
    const [wide, narrow] = [productOf(inputs[side]!), productOf(inputs[1 - side]!)];
    const [x, weight, bias] = wide?.inputs ?? [];
    const [p, q, other] = narrow?.inputs ?? [];
    if (!wide || !narrow || !bias || other || readsTransposed(narrow, 'transA') || p!.shape[1]! > fewSummed) continue;
    if (node.inputs.some((value) => readers(value).length !== 1)) continue;
    const [rows, columns] = node.outputs[0]!.shape as [number, number];
    const ones = g.splat(factorOf(wide, 'beta') / factorOf(narrow, 'alpha'), [rows, 1], 'float32');
    const turned = readsTransposed(narrow, 'transB');
    const row = reshape(g, bias, turned ? [columns, 1] : [1, columns]);
    const { beta: _, ...plain } = wide.attributes;
    const product = g.node('MatMul', [x!, weight!], [rows, columns], 'float32', plain);
    const sides = [concat(g, [p!, ones], 1), concat(g, [q!, row], turned ? 1 : 0)];
    return [arithmetic(g, 'Add', product, g.node('MatMul', sides, [rows, columns], 'float32', narrow.attributes))];
  }
  return undefined;
};

/** The node of a product of two matrices. */
function productOf({ source, shape }: Value): Node | undefined {
  return source.kind === 'node' && source.node.op === 'MatMul' && shape.length === 2 ? source.node : undefined;
}
