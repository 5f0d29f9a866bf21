import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { arithmetic, cast } from './elementwise.js';
import { positiveAxes, type Rule } from './rule.js';
import { pad, slice } from './shapes.js';

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

/** Running products, in log2(n) steps: after the step of 2^i each element holds the product of the last 2^(i+1) ones. */
function cumprod(g: GraphBuilder, x: Value, axis: number, exclusive: boolean, reverse: boolean): Value {
  const length = x.shape[axis]!;
  const shifted = (value: Value, by: number) => {
    const padded = pad(
      g,
      value,
      value.shape.map((_, i): [number, number] => (i !== axis ? [0, 0] : reverse ? [0, by] : [by, 0])),
      1,
    );
    return slice(
      g,
      padded,
      value.shape.map((_, i) => (i === axis && reverse ? by : 0)),
      value.shape,
    );
  };
  let product = exclusive ? shifted(x, 1) : x;
  for (let by = 1; by < length; by *= 2) product = arithmetic(g, 'Mul', product, shifted(product, by));
  return product;
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
  Cumprod: (g, { x }, { axis, exclusive, reverse }: { axis: number; exclusive: boolean; reverse: boolean }) =>
    cumprod(g, x!, positiveAxes(axis, x!.shape.length)[0]!, exclusive, reverse),
  Cumsum: (g, { x }, { axis, exclusive, reverse }: { axis: number; exclusive: boolean; reverse: boolean }) =>
    g.node('CumSum', [x!, g.splat(axis, [], 'int32')], x!.shape, x!.dtype, {
      exclusive: { int: Number(exclusive) },
      reverse: { int: Number(reverse) },
    }),
};
