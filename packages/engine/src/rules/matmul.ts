import { ShapeError } from '@fsc-clip/core';
import { broadcastShapes, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { userLine } from '../trace/user-line.js';
import { activate, type FusedAttributes } from './activation.js';
import { arithmetic } from './elementwise.js';
import type { Rule } from './rule.js';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Matrix product over the last two axes, the others broadcast. */
export function matMul(g: GraphBuilder, a: Value, b: Value, { transposeA, transposeB }: MatMulAttributes): Value {
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  // tfjs leaves this check to its kernels
  if (a.shape.at(transposeA ? -2 : -1) !== b.shape.at(transposeB ? -1 : -2)) {
    const sides = [a.shape, b.shape].map((shape) => `[${shape.join(', ')}]`).join(' and ');
    const transposed = transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : '';
    throw new ShapeError({
      function: 'matMul',
      argument: 'a, b',
      rule: 'must agree in the size that is summed over',
      got: `${sides}${transposed} at ${userLine()}`,
    });
  }
  const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  return g.node('MatMul', [a, b], shape, 'float32', { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } });
}

/** Matrix products. */
export const matMulRules: Record<string, Rule> = {
  BatchMatMul: (g, { a, b }, attributes: MatMulAttributes) => matMul(g, a!, b!, attributes),
  _FusedMatMul: (g, { a, b, bias, preluActivationWeights }, attributes: MatMulAttributes & FusedAttributes) => {
    const product = matMul(g, a!, b!, attributes);
    return activate(g, bias ? arithmetic(g, 'Add', product, bias) : product, attributes, preluActivationWeights);
  },
};
