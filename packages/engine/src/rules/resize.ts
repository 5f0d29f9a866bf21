import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { matMul } from './matmul.js';
import type { Rule } from './rule.js';
import { reshape } from './shapes.js';

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

function scaleOf(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** The weight of every source in every target along one axis, [to, from]: resizing is a product with two of these. */
function bilinear(from: number, to: number, { alignCorners, halfPixelCenters }: ResizeAttributes): Float32Array {
  const scale = scaleOf(from, to, alignCorners);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i;
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(from - 1, Math.ceil(at));
    weights[i * from + low]! += 1 - (at - low);
    weights[i * from + high]! += at - low;
  }
  return weights;
}

function nearestSource(i: number, from: number, to: number, { alignCorners, halfPixelCenters }: ResizeAttributes): number {
  const at = scaleOf(from, to, alignCorners) * (halfPixelCenters ? i + 0.5 : i);
  return Math.max(0, Math.min(from - 1, alignCorners ? Math.round(at) : Math.floor(at)));
}

const plain = { transposeA: false, transposeB: false };

/** `rows` [H', H] and `columns` [W', W] from the left along the two spatial axes of `images` [B, H, W, C]. */
function separable(g: GraphBuilder, images: Value, rows: Value, columns: Value): Value {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [newHeight, newWidth] = [rows.shape[0]!, columns.shape[0]!];
  const tall = matMul(g, rows, reshape(g, images, [batch, height, width * channels]), plain);
  const wide = matMul(g, columns, reshape(g, tall, [batch * newHeight, width, channels]), plain);
  return reshape(g, wide, [batch, newHeight, newWidth, channels]);
}

/** Resizing of images [B, H, W, C]; their gradients are products with the transposed weights (`registerGradients` of core). */
export const resizeRules: Record<string, Rule> = {
  ResizeBilinear: (g, { images }, { size, ...attributes }: ResizeAttributes & { size: [number, number] }) => {
    const side = (axis: 1 | 2, to: number) => {
      const from = images!.shape[axis]!;
      return g.constant(bilinear(from, to, attributes), [to, from], 'float32');
    };
    return separable(g, images!, side(1, size[0]), side(2, size[1]));
  },
  ResizeNearestNeighbor: (g, { images }, { size, ...attributes }: ResizeAttributes & { size: [number, number] }) =>
    size.reduce((image: Value, to, i) => {
      const axis = i + 1;
      const sources = Int32Array.from({ length: to }, (_, at) => nearestSource(at, image.shape[axis]!, to, attributes));
      const shape = image.shape.map((length, other) => (other === axis ? to : length));
      return g.node('Gather', [image, g.constant(sources, [to], 'int32')], shape, image.dtype, { axis: { int: axis } });
    }, images!),
};
