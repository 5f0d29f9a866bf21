import type { Node, Value } from '../graph/graph.js';

/** The scope whose products stay in float32: `tidy('float32', () => …)`. */
export const float32Scope = 'float32';

/**
 * The products of scopes named `float32`, and those of their gradients: the gradient of `A·B` is `dC·Bᵀ` and `Aᵀ·dC`, and so has an
 * operand of `A·B`, reshaped or transposed at most.
 */
export function float32Products(nodes: readonly Node[]): Set<Node> {
  const products = nodes.filter(({ op }) => op === 'MatMul' || op === 'Conv' || op === 'ConvTranspose');
  const inScope = products.filter(({ origin }) => origin.scope.split('/').includes(float32Scope));
  const operands = new Set(inScope.flatMap(({ inputs }) => inputs.map(unplaced)));
  return new Set(products.filter((node) => inScope.includes(node) || node.inputs.some((input) => operands.has(unplaced(input)))));
}

/** What was reshaped and transposed to give this value. */
function unplaced(value: Value): Value {
  let at = value;
  while (at.source.kind === 'node' && ['Reshape', 'Transpose'].includes(at.source.node.op)) at = at.source.node.inputs[0]!;
  return at;
}
