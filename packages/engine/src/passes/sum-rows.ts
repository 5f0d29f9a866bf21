import { reshape } from '../rules/shapes.js';
import type { Pass } from './rewrite.js';

/**
 * For onnxruntime's CPU kernels: the sum of a matrix's rows, as gradients of biases are, is a product with a row of ones, which reads the
 * matrix once in the order in which it lies. Of [336, 512] that takes 0.03 ms in place of 0.13.
 */
export const sumRows: Pass = ({ g, node: { op, outputs }, inputs: [x, axes] }) => {
  if (op !== 'ReduceSum' || x!.dtype !== 'float32' || x!.shape.length !== 2) return undefined;
  if (axes?.source.kind !== 'constant' || String(axes.source.data) !== '0') return undefined;
  const [rows, columns] = x!.shape as [number, number];
  const attributes = { transA: { int: 0 }, transB: { int: 0 } };
  const sum = g.node('MatMul', [g.splat(1, [1, rows], 'float32'), x!], [1, columns], 'float32', attributes);
  return [reshape(g, sum, outputs[0]!.shape)];
};
