import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { type Rule, unsupported } from './rule.js';
import { pad, reshape, slice, transpose } from './shapes.js';

type Pairs = readonly (readonly [number, number])[];

/** Picks elements of one axis, in any order and as often as asked. */
function pick(g: GraphBuilder, x: Value, axis: number, from: readonly number[]): Value {
  if (from.length === x.shape[axis] && from.every((source, i) => source === i)) return x;
  const shape = x.shape.map((size, i) => (i === axis ? from.length : size));
  return g.node('Gather', [x, g.constant(Int32Array.from(from), [from.length], 'int32')], shape, x.dtype, { axis: { int: axis } });
}

/** Where each element of a mirrored axis comes from. */
function mirrored(size: number, [before, after]: readonly [number, number], edge: 0 | 1): number[] {
  return Array.from({ length: before + size + after }, (_, i) => {
    const at = i - before;
    if (at < 0) return -at - edge;
    return at < size ? at : 2 * (size - 1) - at + edge;
  });
}

/** Kernels that move blocks of space to other axes, or mirror them. */
export const spatialRules: Record<string, Rule> = {
  SpaceToBatchND: (g, { x }, { blockShape, paddings }: { blockShape: number[]; paddings: Pairs }) => {
    const m = blockShape.length;
    const padded = pad(g, x!, [[0, 0], ...paddings, ...x!.shape.slice(m + 1).map((): [number, number] => [0, 0])], 0);
    const [batch, rest] = [padded.shape[0]!, padded.shape.slice(m + 1)];
    const inner = blockShape.map((block, i) => padded.shape[i + 1]! / block);
    const split = reshape(g, padded, [batch, ...inner.flatMap((size, i) => [size, blockShape[i]!]), ...rest]);
    const order = [...blockShape.map((_, i) => 2 + 2 * i), 0, ...inner.map((_, i) => 1 + 2 * i), ...rest.map((_, i) => 1 + 2 * m + i)];
    const blocks = blockShape.reduce((a, b) => a * b, 1);
    return reshape(g, transpose(g, split, order), [batch * blocks, ...inner, ...rest]);
  },
  BatchToSpaceND: (g, { x }, { blockShape, crops }: { blockShape: number[]; crops: Pairs }) => {
    const m = blockShape.length;
    const batch = x!.shape[0]! / blockShape.reduce((a, b) => a * b, 1);
    const [inner, rest] = [x!.shape.slice(1, m + 1), x!.shape.slice(m + 1)];
    const split = reshape(g, x!, [...blockShape, batch, ...inner, ...rest]);
    const order = [m, ...inner.flatMap((_, i) => [m + 1 + i, i]), ...rest.map((_, i) => 2 * m + 1 + i)];
    const joined = inner.map((size, i) => size * blockShape[i]!);
    const space = reshape(g, transpose(g, split, order), [batch, ...joined, ...rest]);
    const begin = [0, ...crops.map(([before]) => before), ...rest.map(() => 0)];
    return slice(g, space, begin, [batch, ...joined.map((size, i) => size - crops[i]![0] - crops[i]![1]), ...rest]);
  },
  DepthToSpace: (g, { x }, { blockSize, dataFormat }: { blockSize: number; dataFormat: string }) => {
    if (dataFormat !== 'NHWC') return unsupported('depthToSpace', `the data format ${dataFormat}`);
    const [batch, height, width, depth] = x!.shape as [number, number, number, number];
    const channels = depth / (blockSize * blockSize);
    const split = reshape(g, x!, [batch, height, width, blockSize, blockSize, channels]);
    return reshape(g, transpose(g, split, [0, 1, 3, 2, 4, 5]), [batch, height * blockSize, width * blockSize, channels]);
  },
  MirrorPad: (g, { x }, { paddings, mode }: { paddings: Pairs; mode: 'reflect' | 'symmetric' }) =>
    paddings.reduce((y: Value, pair, axis) => pick(g, y, axis, mirrored(x!.shape[axis]!, pair, mode === 'reflect' ? 0 : 1)), x!),
};
