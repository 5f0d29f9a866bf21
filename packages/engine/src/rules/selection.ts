import type { GraphBuilder } from '../graph/builder.js';
import type { ElementType, Value } from '../graph/graph.js';
import { binary, broadcastTo, cast, numberLike, select } from './elementwise.js';
import { reduce } from './reductions.js';
import type { Rule } from './rule.js';
import { reshape } from './shapes.js';

/** Whether each number of `x` [..., n] is each of 0 … size − 1: [..., n, size]. */
function isClass(g: GraphBuilder, x: Value, size: number): Value {
  const classes = g.constant(
    Int32Array.from({ length: size }, (_, i) => i),
    [size],
    'int32',
  );
  return binary(g, 'Equal', reshape(g, cast(g, x, 'int32'), [...x.shape, 1]), classes, 'bool');
}

/** How often each of 0 … size − 1 stands in the last axis of `x`, or the sum of its weights. Larger numbers are left out. */
function histogram(g: GraphBuilder, x: Value, weights: Value, size: number, binaryOutput = false): Value {
  const here = isClass(g, x, size);
  const dtype: ElementType = weights.dtype;
  const one = g.splat(1, [], dtype);
  const weight = weights.shape.some((length) => length === 0) || binaryOutput ? one : reshape(g, weights, [...x.shape, 1]);
  const terms = select(g, here, weight, g.splat(0, [], dtype));
  return reduce(g, binaryOutput ? 'ReduceMax' : 'ReduceSum', terms, [x.shape.length - 1], false);
}

function replace(g: GraphBuilder, into: Value, indices: Value, updates: Value): Value {
  return g.node('ScatterND', [into, cast(g, indices, 'int64'), updates], into.shape, into.dtype);
}

/** Largest elements, positions in sorted lists, histograms, and writing at places. */
export const selectionRules: Record<string, Rule> = {
  TopK: (g, { x }, { k }: { k: number; sorted: boolean }) => {
    const shape = [...x!.shape.slice(0, -1), k];
    const outputs = [
      { shape, dtype: x!.dtype },
      { shape, dtype: 'int64' as const },
    ];
    const [values, indices] = g.nodes('TopK', [x!, g.int64s([k])], outputs, { axis: { int: -1 } }) as [Value, Value];
    return [values, cast(g, indices, 'int32')];
  },
  // The number of sorted elements before each value: a comparison of all with all.
  SearchSorted: (g, { sortedSequence, values }, { side }: { side: 'left' | 'right' }) => {
    const [batch, length] = sortedSequence!.shape as [number, number];
    const sorted = reshape(g, sortedSequence!, [batch, 1, length]);
    const wanted = reshape(g, values!, [...values!.shape, 1]);
    const before = binary(g, side === 'left' ? 'Less' : 'LessOrEqual', sorted, wanted, 'bool');
    return reduce(g, 'ReduceSum', cast(g, before, 'int32'), [2], false);
  },
  Bincount: (g, { x, weights }, { size }: { size: number }) => histogram(g, x!, weights!, size),
  DenseBincount: (g, { x, weights }, { size, binaryOutput }: { size: number; binaryOutput?: boolean }) =>
    histogram(g, x!, weights!, size, binaryOutput),
  TensorScatterUpdate: (g, { tensor, indices, updates }) => replace(g, tensor!, indices!, updates!),
  SparseToDense: (g, { sparseIndices, sparseValues, defaultValue }, { outputShape }: { outputShape: number[] }) => {
    // Indices come as a number, a list of numbers (of a vector), or rows of coordinates.
    const depth = sparseIndices!.shape.length < 2 ? 1 : sparseIndices!.shape[1]!;
    const count = sparseIndices!.shape[0] ?? 1;
    const places = reshape(g, sparseIndices!, [count, depth]);
    const updates = broadcastTo(g, sparseValues!, [count, ...outputShape.slice(depth)]);
    return replace(g, broadcastTo(g, defaultValue!, outputShape), places, updates);
  },
  Diag: (g, { x }) => {
    const size = x!.shape.reduce((a, b) => a * b, 1);
    const rows = g.constant(
      Int32Array.from({ length: size }, (_, i) => i),
      [size],
      'int32',
    );
    const diagonal = select(g, isClass(g, rows, size), reshape(g, x!, [size, 1]), numberLike(g, 0, x!));
    return reshape(g, diagonal, [...x!.shape, ...x!.shape]);
  },
};
