import { type StridedSliceAttrs, slice_util } from '@tensorflow/tfjs-core';
import { type GraphBuilder, sameShape, splatNumber } from '../graph/builder.js';
import type { ElementType, Value } from '../graph/graph.js';
import { broadcastTo } from './elementwise.js';
import { listed, positiveAxes, type Rule, unsupported } from './rule.js';

/** The same numbers in another shape. A reshape of a reshape is one. */
export function reshape(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  const { source } = x;
  if (source.kind === 'node' && source.node.op === 'Reshape') {
    const [from, to] = source.node.inputs as [Value, Value];
    if (to.source.kind === 'constant') return reshape(g, from, shape); // a computed shape is a barrier
  }
  if (sameShape(x.shape, shape)) return x;
  if (source.kind === 'splat') return g.splat(source.number, shape, x.dtype);
  if (source.kind === 'constant') return g.constant(source.data, shape, x.dtype);
  return g.node('Reshape', [x, g.int64s(shape)], shape, x.dtype, { allowzero: { int: 1 } });
}

/** Axes in another order. Moving only axes of size 1 is a reshape; two transposes are one. */
export function transpose(g: GraphBuilder, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!);
  const moved = permutation.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) return reshape(g, x, shape);
  const { source } = x;
  if (source.kind === 'splat') return g.splat(source.number, shape, x.dtype);
  if (source.kind === 'node' && source.node.op === 'Transpose') {
    const inner = source.node.attributes['perm'] as { ints: readonly number[] };
    return transpose(
      g,
      source.node.inputs[0]!,
      permutation.map((axis) => inner.ints[axis]!),
    );
  }
  return g.node('Transpose', [x], shape, x.dtype, { perm: { ints: permutation } });
}

/** Part of an array, `steps` apart (a negative step walks backwards). */
function strided(
  g: GraphBuilder,
  x: Value,
  begin: readonly number[],
  end: readonly number[],
  steps: readonly number[],
  shape: readonly number[],
): Value {
  const axes = begin.map((_, axis) => axis);
  const changed = axes.filter((axis) => begin[axis] !== 0 || end[axis] !== x.shape[axis] || steps[axis] !== 1);
  if (changed.length === 0) return x;
  const number = splatNumber(x);
  if (number !== undefined) return g.splat(number, shape, x.dtype);
  const pick = (of: readonly number[]) => g.int64s(changed.map((axis) => of[axis]!));
  return g.node('Slice', [x, pick(begin), pick(end), g.int64s(changed), pick(steps)], shape, x.dtype);
}

/** Part of an array. */
export function slice(g: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  return strided(
    g,
    x,
    begin,
    begin.map((from, axis) => from + size[axis]!),
    begin.map(() => 1),
    size,
  );
}

/** Consecutive parts of an axis, of these sizes. */
function split(g: GraphBuilder, x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  const number = splatNumber(x);
  const shapes = sizes.map((size) => x.shape.map((whole, i) => (i === axis ? size : whole)));
  if (number !== undefined || x.shape.includes(0)) return shapes.map((shape) => g.splat(number ?? 0, shape, x.dtype));
  if (sizes.length === 1) return [x];
  const outputs = shapes.map((shape) => ({ shape, dtype: x.dtype }));
  return g.nodes('Split', [x, g.int64s(sizes)], outputs, { axis: { int: axis } });
}

export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  const filled = values.filter(({ shape }) => shape[axis] !== 0);
  if (filled.length <= 1) return filled[0] ?? values[0]!;
  const shape = filled[0]!.shape.map((size, i) => (i === axis ? filled.reduce((sum, value) => sum + value.shape[axis]!, 0) : size));
  return g.node('Concat', filled, shape, filled[0]!.dtype, { axis: { int: axis } });
}

/** `x` with `paddings[axis]` more elements before and behind each axis. */
export function pad(g: GraphBuilder, x: Value, paddings: readonly (readonly [number, number])[], number: number): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  if (paddings.flat().some((size) => size < 0)) return unsupported('pad', 'a negative padding');
  const pads = g.int64s([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
  const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  return g.node('Pad', [x, pads, g.splat(number, [], x.dtype)], shape, x.dtype);
}

/** Reshapes, moves, cuts and joins. */
export const shapeRules: Record<string, Rule> = {
  Reshape: (g, { x }, { shape }: { shape: number[] }) => {
    const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
    const total = x!.shape.reduce((product, size) => product * size, 1);
    return reshape(
      g,
      x!,
      shape.map((size) => (size === -1 ? total / known : size)),
    );
  },
  ExpandDims: (g, { input }, { dim }: { dim: number }) => {
    const shape = [...input!.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return reshape(g, input!, shape);
  },
  Transpose: (g, { x }, { perm }: { perm: number[] }) => transpose(g, x!, perm),
  BroadcastTo: (g, { x }, { shape }: { shape: number[] }) => broadcastTo(g, x!, shape),
  Concat: (g, inputs, { axis }: { axis: number }) => {
    const values = listed(inputs);
    return concat(g, values, positiveAxes(axis, values[0]!.shape.length)[0]!);
  },
  Pack: (g, inputs, { axis }: { axis: number }) => {
    const values = listed(inputs);
    const [at] = positiveAxes(axis, values[0]!.shape.length + 1);
    const shape = [...values[0]!.shape.slice(0, at), 1, ...values[0]!.shape.slice(at)];
    return concat(
      g,
      values.map((value) => reshape(g, value, shape)),
      at!,
    );
  },
  Unpack: (g, { value }, { axis }: { axis: number }) => {
    const [at] = positiveAxes(axis, value!.shape.length);
    const rest = value!.shape.filter((_, i) => i !== at);
    return Array.from({ length: value!.shape[at!]! }, (_, index) => {
      const begin = value!.shape.map((_, i) => (i === at ? index : 0));
      return reshape(
        g,
        slice(
          g,
          value!,
          begin,
          value!.shape.map((size, i) => (i === at ? 1 : size)),
        ),
        rest,
      );
    });
  },
  SplitV: (g, { x }, { numOrSizeSplits, axis }: { numOrSizeSplits: number | number[]; axis: number }) => {
    const at = positiveAxes(axis, x!.shape.length)[0]!;
    const total = x!.shape[at]!;
    const given = typeof numOrSizeSplits === 'number' ? Array<number>(numOrSizeSplits).fill(total / numOrSizeSplits) : numOrSizeSplits;
    const known = given.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
    return split(
      g,
      x!,
      given.map((size) => (size === -1 ? total - known : size)),
      at,
    );
  },
  Slice: (g, { x }, { begin, size }: { begin: number | number[]; size: number | number[] }) => {
    const from = x!.shape.map((_, axis) => [begin].flat()[axis] ?? 0);
    const sizes = x!.shape.map((full, axis) => {
      const asked = [size].flat()[axis] ?? -1;
      return asked === -1 ? full - from[axis]! : asked;
    });
    return slice(g, x!, from, sizes);
  },
  Reverse: (g, { x }, { dims }: { dims?: number | number[] | null }) => {
    const reversed = dims == null ? [...x!.shape.keys()] : positiveAxes(dims, x!.shape.length);
    const turn = (axis: number) => reversed.includes(axis) && x!.shape[axis]! > 1;
    return strided(
      g,
      x!,
      x!.shape.map((size, axis) => (turn(axis) ? size - 1 : 0)),
      x!.shape.map((size, axis) => (turn(axis) ? -size - 1 : size)),
      x!.shape.map((_, axis) => (turn(axis) ? -1 : 1)),
      x!.shape,
    );
  },
  Tile: (g, { x }, { reps }: { reps: number[] }) => {
    const shape = x!.shape.map((size, axis) => size * reps[axis]!);
    if (x!.shape.every((size, axis) => size === 1 || reps[axis] === 1)) return broadcastTo(g, x!, shape);
    return g.node('Tile', [x!, g.int64s(reps)], shape, x!.dtype);
  },
  StridedSlice: (g, { x }, attributes: StridedSliceAttrs) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
    const info = slice_util.sliceInfo([...x!.shape], begin, end, strides, ...masks);
    if (info.isIdentity) return reshape(g, x!, info.finalShape);
    const lengths = x!.shape.map((_, axis) => Math.max(0, Math.ceil((info.end[axis]! - info.begin[axis]!) / info.strides[axis]!)));
    // "Before the first element" is -1 here; for ONNX that is the last one.
    const ends = info.end.map((to, axis) => (to < 0 ? -x!.shape[axis]! - 1 : to));
    return reshape(g, strided(g, x!, info.begin, ends, info.strides, lengths), info.finalShape);
  },
  PadV2: (g, { x }, { paddings, constantValue }: { paddings: [number, number][]; constantValue: number }) =>
    pad(g, x!, paddings, constantValue),
  ZerosLike: (g, { x }) => g.splat(0, x!.shape, x!.dtype),
  OnesLike: (g, { x }) => g.splat(1, x!.shape, x!.dtype),
  Fill: (g, _, { shape, value, dtype }: { shape: number[]; value: number; dtype?: ElementType }) =>
    g.splat(value, shape, dtype ?? 'float32'),
  Range: (g, _, { start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: 'float32' | 'int32' }) => {
    const length = Math.max(0, Math.ceil((stop - start) / step));
    const numbers = Array.from({ length }, (_, i) => start + i * step);
    return g.constant(dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers), [length], dtype);
  },
  LinSpace: (g, _, { start, stop, num }: { start: number; stop: number; num: number }) =>
    g.constant(
      Float32Array.from({ length: num }, (_, i) => (num === 1 ? start : start + (i * (stop - start)) / (num - 1))),
      [num],
      'float32',
    ),
};
