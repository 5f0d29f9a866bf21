import type { GraphBuilder } from '../graph/builder.js';
import { type ElementType, sizeOf, type Value } from '../graph/graph.js';
import { binary, broadcastTo, cast, numberLike, select } from './elementwise.js';
import type { Rule } from './rule.js';
import { reshape, transpose } from './shapes.js';

/** Adds rows of `updates` to a zero array at `indices` [..., depth]; indices that occur twice add up. */
function scatterAdd(g: GraphBuilder, indices: Value, updates: Value, shape: readonly number[]): Value {
  const zeros = broadcastTo(g, g.splat(0, [], updates.dtype), shape);
  return g.node('ScatterND', [zeros, cast(g, indices, 'int64'), updates], shape, updates.dtype, { reduction: { string: 'add' } });
}

/** Where there are so many times more segments than rows, most of them are empty. */
const sparse = 4;

/**
 * Rows of `x` [...segments, ...rest], added up by segment: [numSegments, ...rest]. Where most segments are empty (the gradient of an
 * embedding), rows are added up in as many places as there are rows, and every segment takes its place's sum, or the zeros at place 0: the
 * large result is written once, where filling it and adding to it writes it twice.
 */
function sumBySegment(g: GraphBuilder, segments: Value, x: Value, numSegments: number): Value {
  const rest = x.shape.slice(segments.shape.length);
  const rows = sizeOf(segments.shape);
  if (numSegments < sparse * rows) return scatterAdd(g, reshape(g, segments, [...segments.shape, 1]), x, [numSegments, ...rest]);
  const ids = cast(g, reshape(g, segments, [rows, 1]), 'int64');
  const places = g.constant(
    Int32Array.from({ length: rows }, (_, i) => i + 1),
    [rows],
    'int32',
  );
  const none = broadcastTo(g, g.splat(0, [], 'int32'), [numSegments]);
  const placeOf = g.node('ScatterND', [none, ids, places], [numSegments], 'int32', { reduction: { string: 'max' } });
  const placeOfRow = g.node('Gather', [placeOf, reshape(g, segments, [rows])], [rows], 'int32');
  const sums = scatterAdd(g, reshape(g, placeOfRow, [rows, 1]), reshape(g, x, [rows, ...rest]), [rows + 1, ...rest]);
  return g.node('Gather', [sums, placeOf], [numSegments, ...rest], x.dtype);
}

function axes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Gathers, scatters, one-hot. */
export const indexingRules: Record<string, Rule> = {
  GatherV2: (g, { x, indices }, { axis, batchDims }: { axis: number; batchDims: number }) => {
    const at = axis < 0 ? axis + x!.shape.length : axis;
    const batch = batchDims < 0 ? batchDims + indices!.shape.length : batchDims;
    const shape = [...x!.shape.slice(0, at), ...indices!.shape.slice(batch), ...x!.shape.slice(at + 1)];
    const picked = cast(g, indices!, 'int32');
    if (batch === 0) return g.node('Gather', [x!, picked], shape, x!.dtype, { axis: { int: at } });
    // The axes between the batch and the gathered one go last, and come back before the indices' own.
    const between = at - batch;
    const moved = transpose(g, x!, [...axes(0, batch), ...axes(at, at + 1), ...axes(batch, at), ...axes(at + 1, x!.shape.length)]);
    const deep = reshape(g, cast(g, picked, 'int64'), [...indices!.shape, 1]);
    const sizes = [...indices!.shape, ...moved.shape.slice(batch + 1)];
    const rows = g.node('GatherND', [moved, deep], sizes, x!.dtype, { batch_dims: { int: batch } });
    const wide = indices!.shape.length;
    return transpose(g, rows, [
      ...axes(0, batch),
      ...axes(wide, wide + between),
      ...axes(batch, wide),
      ...axes(wide + between, sizes.length),
    ]);
  },
  GatherNd: (g, { params, indices }) => {
    const depth = indices!.shape.at(-1)!;
    const shape = [...indices!.shape.slice(0, -1), ...params!.shape.slice(depth)];
    return g.node('GatherND', [params!, cast(g, indices!, 'int64')], shape, params!.dtype);
  },
  ScatterNd: (g, { indices, updates }, { shape }: { shape: number[] }) => scatterAdd(g, indices!, updates!, shape),
  // Negative segments are dropped, as tfjs does: they add zero to segment 0.
  UnsortedSegmentSum: (g, { x, segmentIds }, { numSegments }: { numSegments: number }) => {
    const segments = cast(g, segmentIds!, 'int32');
    const real = binary(g, 'GreaterOrEqual', segments, numberLike(g, 0, segments), 'bool');
    const perRow = reshape(g, real, [...segments.shape, ...x!.shape.slice(segments.shape.length).map(() => 1)]);
    const kept = select(g, perRow, x!, numberLike(g, 0, x!));
    const target = binary(g, 'Max', segments, numberLike(g, 0, segments));
    return sumBySegment(g, target, kept, numSegments);
  },
  // An index outside [0, depth) gives a row of `offValue`; ONNX's own OneHot would wrap negative ones.
  OneHot: (
    g,
    { indices },
    { depth, onValue, offValue, dtype }: { depth: number; onValue: number; offValue: number; dtype: ElementType },
  ) => {
    const classes = g.constant(
      Int32Array.from({ length: depth }, (_, i) => i),
      [depth],
      'int32',
    );
    const hot = binary(g, 'Equal', reshape(g, cast(g, indices!, 'int32'), [...indices!.shape, 1]), classes, 'bool');
    return select(g, hot, g.splat(onValue, [], dtype), g.splat(offValue, [], dtype));
  },
};
