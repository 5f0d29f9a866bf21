import type { Attributes, Node } from '../graph/graph.js';
import { factorOf, readsTransposed } from '../graph/product.js';

/** A final ONNX operator. */
export interface Operator {
  readonly op: string;
  readonly domain: '' | 'com.microsoft';
  readonly attributes: Attributes;
}

/**
 * The operator that does a node best. Matrices with transposed sides: `Gemm` takes them in two dimensions; batched, onnxruntime's own
 * `FusedMatMul` does (cpu and cuda have it; the encoder writes transposes for a device that does not).
 */
export function operatorOf(node: Node): Operator {
  if (node.op !== 'MatMul') return { op: node.op, domain: '', attributes: node.attributes };
  const [a, b] = node.inputs;
  const transposed = isTransposed(node);
  if (a!.shape.length === 2 && b!.shape.length === 2) return { op: 'Gemm', domain: '', attributes: node.attributes };
  if (!transposed && factorOf(node, 'alpha') === 1) return { op: 'MatMul', domain: '', attributes: {} };
  return { op: 'FusedMatMul', domain: 'com.microsoft', attributes: node.attributes };
}

/** The sides of a `FusedMatMul` that are read transposed: in ONNX's own operators they are transposed first. */
export function transposedSides(node: Node): { readonly side: number; readonly perm: readonly number[] }[] {
  return (['transA', 'transB'] as const).flatMap((name, side) => {
    if (!readsTransposed(node, name)) return [];
    const axes = [...node.inputs[side]!.shape.keys()];
    return [{ side, perm: [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!] }];
  });
}

/** Whether a matrix product reads one of its sides transposed. */
export function isTransposed(node: Node): boolean {
  return readsTransposed(node, 'transA') || readsTransposed(node, 'transB');
}
