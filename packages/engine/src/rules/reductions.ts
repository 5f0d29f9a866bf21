import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { cast } from './elementwise.js';
import { positiveAxes, type Rule } from './rule.js';

interface ReductionAttributes {
  readonly axis?: number | readonly number[];
  readonly reductionIndices?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** `op` over axes, all of them where none are named. */
export function reduce(g: GraphBuilder, op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
  const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
  if (axes.length === 0) return x;
  return g.node(op, [x, g.int64s(axes)], shape, x.dtype, { keepdims: { int: Number(keepDims) } });
}

function reduction(op: string, convert: (g: GraphBuilder, x: Value) => Value = (_, x) => x): Rule {
  return (g, { x }, { axis, reductionIndices, keepDims = false }: ReductionAttributes) => {
    const wanted = axis ?? reductionIndices ?? x!.shape.map((_, i) => i);
    return reduce(g, op, convert(g, x!), positiveAxes(wanted, x!.shape.length), keepDims);
  };
}

/** All and any: the least and the greatest of 0 and 1. */
function logical(op: string): Rule {
  const rule = reduction(op, (g, x) => cast(g, x, 'int32'));
  return (g, inputs, attributes) => cast(g, rule(g, inputs, attributes) as Value, 'bool');
}

function arg(op: string): Rule {
  return (g, { x }, { axis }: { axis: number | readonly number[] }) => {
    const [along] = positiveAxes(axis, x!.shape.length);
    const shape = x!.shape.filter((_, i) => i !== along);
    return cast(g, g.node(op, [x!], shape, 'int64', { axis: { int: along! }, keepdims: { int: 0 } }), 'int32');
  };
}

/** Sums, means, extremes and their positions. */
export const reductionRules: Record<string, Rule> = {
  Sum: reduction('ReduceSum', (g, x) => (x.dtype === 'bool' ? cast(g, x, 'int32') : x)),
  Mean: reduction('ReduceMean', (g, x) => cast(g, x, 'float32')),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Softmax: (g, { logits }, { dim }: { dim: number }) => g.node('Softmax', [logits!], logits!.shape, 'float32', { axis: { int: dim } }),
  LogSoftmax: (g, { logits }, { axis }: { axis: number }) =>
    g.node('LogSoftmax', [logits!], logits!.shape, 'float32', { axis: { int: axis } }),
  Cumsum: (g, { x }, { axis, exclusive, reverse }: { axis: number; exclusive: boolean; reverse: boolean }) =>
    g.node('CumSum', [x!, g.splat(axis, [], 'int32')], x!.shape, x!.dtype, {
      exclusive: { int: Number(exclusive) },
      reverse: { int: Number(reverse) },
    }),
};
