import { readsTransposed } from '../graph/product.js';
import { transpose } from '../rules/shapes.js';
import type { Pass } from './rewrite.js';

/** Smaller products gain less than turning costs. */
const [fewestRows, fewestColumns] = [64, 256];

/**
 * For onnxruntime's CPU kernels: `aᵀ b` of two matrices, as weight gradients are, is slow where `a` is read across its rows. With `a` turned
 * first, those of a ViT-B/32 take 5 to 12 % less time, turning included.
 */
export const turnProducts: Pass = ({ g, node, inputs: [a, b, bias] }) => {
  const { op, attributes, outputs } = node;
  if (
    op !== 'MatMul' ||
    !readsTransposed(node, 'transA') ||
    readsTransposed(node, 'transB') ||
    a!.shape.length !== 2 ||
    b!.shape.length !== 2 ||
    bias
  )
    return undefined;
  const [rows, columns] = outputs[0]!.shape as [number, number];
  if (rows < fewestRows || columns < fewestColumns) return undefined;
  return g.nodes('MatMul', [transpose(g, a!, [1, 0]), b!], outputs, { ...attributes, transA: { int: 0 } });
};
