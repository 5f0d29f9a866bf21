import { sameShape, splatNumber } from '../graph/builder.js';
import type { Node, Value } from '../graph/graph.js';
import { factorOf } from '../graph/product.js';
import { arithmetic, numberLike } from '../rules/elementwise.js';
import { reduce } from '../rules/reductions.js';
import type { Pass, Visit } from './rewrite.js';

/**
 * Numbers that an array is multiplied by go into the matrix products around it, which scale for nothing (`Gemm`'s alpha and beta): those
 * that made the array, or those that read it. A sum is scaled after it is taken.
 */
export const foldScales: Pass = (visit) => {
  switch (visit.node.op) {
    case 'Mul':
      return scaledProduct(visit);
    case 'MatMul':
      return productOfScaled(visit);
    case 'ReduceSum':
      return sumOfScaled(visit);
    default:
      return undefined;
  }
};

/** `s · (a b + c)`, and `s` times a sum of such products, of values that nobody else reads. */
function scaledProduct({ g, node, inputs, readers }: Visit): readonly Value[] | undefined {
  const found = scaleOf(node, inputs);
  const scaled = found && scaledBy(found.scale, found.array, node.inputs[found.side]!);
  return scaled && [scaled()];

  /** How `value`, which was `before`, comes out scaled; undefined where nothing takes the number in. */
  function scaledBy(scale: number, value: Value, before: Value): (() => Value) | undefined {
    if (readers(before).length !== 1 || value.source.kind !== 'node' || before.source.kind !== 'node') return undefined;
    const product = value.source.node;
    if (product.op === 'MatMul') {
      const alpha = { alpha: { float: factorOf(product, 'alpha') * scale } };
      const beta = product.inputs.length === 3 && { beta: { float: factorOf(product, 'beta') * scale } };
      return () => {
        g.enter(product.origin); // it stays in its scope
        return g.node('MatMul', product.inputs, value.shape, 'float32', { ...product.attributes, ...alpha, ...beta });
      };
    }
    if (product.op !== 'Add' || before.source.node.op !== 'Add') return undefined;
    const was = before.source.node.inputs;
    const terms = product.inputs.map((term, i) => scaledBy(scale, term, was[i]!));
    return terms.every((term) => term !== undefined) ? () => arithmetic(g, 'Add', terms[0]!(), terms[1]!()) : undefined;
  }
}

/** `(s · a) b`, where only products and sums read `s · a`. */
function productOfScaled({ g, node, inputs, readers }: Visit): readonly Value[] | undefined {
  let scale = 1;
  const sides = inputs.map((value, i) => {
    const scaled = i < 2 && readers(node.inputs[i]!).every((reader) => reader && foldable(reader, node.inputs[i]!));
    const found = scaled && value.source.kind === 'node' && scaleOf(value.source.node, value.source.node.inputs);
    if (!found) return value;
    scale *= found.scale;
    return found.array;
  });
  if (scale === 1) return undefined;
  return g.nodes('MatMul', sides, node.outputs, { ...node.attributes, alpha: { float: factorOf(node, 'alpha') * scale } });
}

/** `Σ s · x`, where only products and sums read `s · x`. */
function sumOfScaled({ g, node, inputs, readers }: Visit): readonly Value[] | undefined {
  const [x, axes] = inputs;
  const found = x!.source.kind === 'node' && scaleOf(x!.source.node, x!.source.node.inputs);
  if (!found || axes?.source.kind !== 'constant') return undefined;
  if (!readers(node.inputs[0]!).every((reader) => reader && foldable(reader, node.inputs[0]!))) return undefined;
  const keepDims = (node.attributes['keepdims'] as { int: number }).int === 1;
  const sum = reduce(g, 'ReduceSum', found.array, Array.from(axes.source.data, Number), keepDims);
  return [arithmetic(g, 'Mul', sum, numberLike(g, found.scale, sum))];
}

/** Whether a reader of a scaled value can take the scale itself: a product that it is a side of, or a sum of it. */
function foldable({ op, inputs }: Node, value: Value): boolean {
  return (op === 'MatMul' && inputs[2] !== value) || (op === 'ReduceSum' && inputs[1]?.source.kind === 'constant');
}

/** The number and the array of `Mul(array, number)`, where the array has the result's shape. */
function scaleOf({ op, outputs }: Node, inputs: readonly Value[]): { scale: number; array: Value; side: number } | undefined {
  if (op !== 'Mul' || outputs[0]!.dtype !== 'float32') return undefined;
  for (const side of [0, 1]) {
    const scale = splatNumber(inputs[1 - side]!);
    if (scale !== undefined && sameShape(inputs[side]!.shape, outputs[0]!.shape)) return { scale, array: inputs[side]!, side };
  }
  return undefined;
}
