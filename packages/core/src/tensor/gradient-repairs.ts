import {
  add,
  backend_util,
  cumsum,
  eye,
  type GradConfig,
  image,
  matMul,
  mul,
  range,
  reshape,
  sum,
  type Tensor,
  tensor,
  tensor1d,
  transpose,
  unsortedSegmentSum,
  zeros,
} from '@tensorflow/tfjs-core';
import { OptionError } from '../errors.js';

type Gradients = Record<string, () => Tensor>;
type Repair = (own: GradConfig) => Partial<GradConfig>;

/** tfjs's function types, by what its kernels really save and are given. */
function own(config: GradConfig): (dy: Tensor, saved: Tensor[], attributes: unknown) => Gradients {
  return config.gradFunc as unknown as ReturnType<typeof own>;
}

function gradient(gradFunc: (dy: Tensor, saved: Tensor[], attributes: never) => Gradients): Partial<GradConfig> {
  return { gradFunc: gradFunc as unknown as GradConfig['gradFunc'] };
}

/** Sums over what broadcasting repeated. */
function sumTo(x: Tensor, shape: number[]): Tensor {
  return reshape(sum(x, backend_util.getReductionAxes(shape, x.shape)), shape);
}

/** tfjs forgets to sum over what was broadcast. */
const unbroadcast: Repair = (config) =>
  gradient((dy, saved, attributes) => {
    const { a, b } = own(config)(dy, saved, attributes) as { a: () => Tensor; b: () => Tensor };
    return { a: () => sumTo(a(), saved[0]!.shape), b: () => sumTo(b(), saved[1]!.shape) };
  });

function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return transpose(x, order);
}

/** Sums the elements of one axis that came from the same source. */
function gatherBack(dy: Tensor, axis: number, sources: readonly number[], size: number): Tensor {
  const summed = unsortedSegmentSum(moveAxis(dy, axis, 0), tensor1d([...sources], 'int32'), size);
  return moveAxis(summed, 0, axis);
}

interface MirrorPadAttributes {
  readonly paddings: readonly (readonly [number, number])[];
  readonly mode: 'reflect' | 'symmetric';
}

const mirrorPad: Repair = () =>
  gradient((dy, [x], { paddings, mode }: MirrorPadAttributes) => ({
    x: () =>
      paddings.reduce((partial: Tensor, [before, after], axis) => {
        if (before === 0 && after === 0) return partial;
        const size = x!.shape[axis]!;
        const edge = mode === 'reflect' ? 0 : 1;
        const sources = Array.from({ length: before + size + after }, (_, i) => {
          const at = i - before;
          if (at < 0) return -at - edge;
          return at < size ? at : 2 * (size - 1) - at + edge;
        });
        return gatherBack(partial, axis, sources, size);
      }, dy),
  }));

interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly input: number;
  readonly output: number;
  readonly before: number;
}

/** By how much more than `1 / kernel` each element of a window weighs, where part of the window is padding. */
function weightOfReal({ kernel, stride, input, output, before }: AxisWindow): number[] {
  return Array.from({ length: output }, (_, i) => {
    const from = i * stride - before;
    return kernel / (Math.min(from + kernel, input) - Math.max(from, 0));
  });
}

/** tfjs's kernel divides by the whole window; its forward pass counts real elements only. */
function averagePool(windowsOf: (x: Tensor, attributes: never) => readonly AxisWindow[]): Repair {
  return (config) =>
    gradient((dy, saved, attributes) => {
      refuseRounding(config.kernelName, attributes as never);
      const weighted = windowsOf(saved[0]!, attributes).reduce((partial: Tensor, window, i) => {
        const shape = partial.shape.map((size, axis) => (axis === i + 1 ? size : 1));
        return window.before === 0 && (window.output - 1) * window.stride + window.kernel <= window.input
          ? partial
          : mul(partial, tensor(weightOfReal(window), shape));
      }, dy);
      return own(config)(weighted, saved, attributes);
    });
}

type PoolArguments = Parameters<typeof backend_util.computePool2DInfo>;
type Pool3DArguments = Parameters<typeof backend_util.computePool3DInfo>;

interface PoolAttributes<Arguments extends readonly unknown[]> {
  readonly filterSize: Arguments[1];
  readonly strides: Arguments[2];
  readonly pad: Arguments[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const windows2D = (x: Tensor, { filterSize, strides, pad, dimRoundingMode }: PoolAttributes<PoolArguments>): AxisWindow[] => {
  const info = backend_util.computePool2DInfo(x.shape as PoolArguments[0], filterSize, strides, 1, pad, dimRoundingMode);
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  return [
    { kernel: filterHeight, stride: strideHeight, input: inHeight, output: outHeight, before: padInfo.top },
    { kernel: filterWidth, stride: strideWidth, input: inWidth, output: outWidth, before: padInfo.left },
  ];
};

const windows3D = (x: Tensor, { filterSize, strides, pad, dimRoundingMode }: PoolAttributes<Pool3DArguments>): AxisWindow[] => {
  const info = backend_util.computePool3DInfo(x.shape as Pool3DArguments[0], filterSize, strides, 1, pad, dimRoundingMode);
  return [
    { kernel: info.filterDepth, stride: info.strideDepth, input: info.inDepth, output: info.outDepth, before: info.padInfo.front },
    { kernel: info.filterHeight, stride: info.strideHeight, input: info.inHeight, output: info.outHeight, before: info.padInfo.top },
    { kernel: info.filterWidth, stride: info.strideWidth, input: info.inWidth, output: info.outWidth, before: info.padInfo.left },
  ];
};

/**
 * tfjs knows no `batchDims` above 1, and cuts the batch into single elements for 1: here the batch is part of the segments' numbers.
 * Indices that come from differentiated tensors (topk, argMax) have a gradient of zeros, where tfjs gives integers and throws.
 */
const gather: Repair = (config) =>
  gradient((dy, saved, attributes: { axis: number; batchDims: number }) => {
    const [x, indices] = saved as [Tensor, Tensor];
    const batchDims = attributes.batchDims < 0 ? attributes.batchDims + indices.rank : attributes.batchDims;
    const axis = attributes.axis < 0 ? attributes.axis + x.rank : attributes.axis;
    const flat = { indices: () => zeros(indices.shape) };
    if (batchDims === 0) return { ...own(config)(dy, saved, { axis, batchDims }), ...flat };
    const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
    const [batch, length] = [size(x.shape.slice(0, batchDims)), x.shape[axis]!];
    const [between, picked, inner] = [size(x.shape.slice(batchDims, axis)), indices.size / batch, size(x.shape.slice(axis + 1))];
    return {
      x: () => {
        const rows = reshape(transpose(reshape(dy, [batch, between, picked, inner]), [0, 2, 1, 3]), [batch * picked, between * inner]);
        const offsets = reshape(range(0, batch * length, length, 'int32'), [batch, 1]);
        const segments = reshape(add(reshape(indices, [batch, picked]), offsets), [batch * picked]);
        const summed = reshape(unsortedSegmentSum(rows, segments as never, batch * length), [batch, length, between, inner]);
        return reshape(transpose(summed, [0, 2, 1, 3]), x.shape);
      },
      ...flat,
    };
  });

/** Segments may come from differentiated tensors too. */
const segmentSum: Repair = (config) =>
  gradient((dy, saved, attributes) => ({
    ...own(config)(dy, saved, attributes),
    segmentIds: () => zeros(saved[0]!.shape),
  }));

type Resize = typeof image.resizeBilinear;

/** Resizing is linear along each axis: its weights are what it makes of the identity, its gradient a product with their transpose. */
function resizing(resize: Resize): Repair {
  return () =>
    gradient((dy, [images], { alignCorners, halfPixelCenters }: { alignCorners: boolean; halfPixelCenters: boolean }) => ({
      images: () => {
        const [batch, height, width, channels] = images!.shape as [number, number, number, number];
        const [, newHeight, newWidth] = dy.shape as [number, number, number, number];
        const weights = (from: number, to: number): Tensor => {
          const identity = reshape(eye(from), [1, from, 1, from]) as Parameters<Resize>[0];
          return reshape(resize(identity, [to, 1], alignCorners, halfPixelCenters), [to, from]);
        };
        const narrow = matMul(weights(width, newWidth), reshape(dy, [batch * newHeight, newWidth, channels]), true); // [B·H', W, C]
        const short = matMul(weights(height, newHeight), reshape(narrow, [batch, newHeight, width * channels]), true); // [B, H, W·C]
        return reshape(short, images!.shape);
      },
    }));
}

/** tfjs turns the axes once too often where `axis` is not the last. */
const cumulativeSum: Repair = () =>
  gradient((dy, _, { axis, exclusive, reverse }: { axis: number; exclusive: boolean; reverse: boolean }) => ({
    x: () => cumsum(dy, axis, exclusive, !reverse),
  }));

/** A list of one result comes without its list. */
const listed: Repair = (config) => gradient((dy, saved, attributes) => own(config)([dy].flat() as never, saved, attributes));

/** tfjs's gradients leave `dimRoundingMode` out, and would be those of smaller results. */
const roundedDown: Repair = (config) =>
  gradient((dy, saved, attributes: { dimRoundingMode?: string }) => {
    refuseRounding(config.kernelName, attributes);
    return own(config)(dy, saved, attributes);
  });

function refuseRounding(kernel: string, { dimRoundingMode = 'floor' }: { dimRoundingMode?: string }): void {
  if (dimRoundingMode === 'floor') return;
  throw new OptionError({
    function: kernel,
    argument: 'dimRoundingMode',
    rule: "must be 'floor' (the default) where a gradient is taken",
    got: dimRoundingMode,
  });
}

/** tfjs's own slices do not go beyond rank 4. */
const tile: Repair = (config) =>
  gradient((dy, saved, attributes: { reps: number[] }) => {
    const { shape, rank } = saved[0]!;
    if (rank <= 4) return own(config)(dy, saved, attributes);
    const sums = attributes.reps.reduce(
      (partial: { x: Tensor }, times, axis) => {
        if (times === 1) return partial;
        const [before, after] = [partial.x.shape.slice(0, axis), partial.x.shape.slice(axis + 1)];
        return { x: sum(reshape(partial.x, [...before, times, shape[axis]!, ...after]), axis) };
      },
      { x: dy },
    );
    return { x: () => sums.x };
  });

/** What tfjs's own gradients get wrong, by kernel. */
export const repairs: Readonly<Record<string, Repair>> = {
  Maximum: unbroadcast,
  Minimum: unbroadcast,
  SquaredDifference: unbroadcast,
  MirrorPad: mirrorPad,
  AvgPool: averagePool(windows2D),
  AvgPool3D: averagePool(windows3D),
  GatherV2: gather,
  ResizeBilinear: resizing(image.resizeBilinear),
  ResizeNearestNeighbor: resizing(image.resizeNearestNeighbor),
  Tile: tile,
  UnsortedSegmentSum: segmentSum,
  Cumsum: cumulativeSum,
  SplitV: listed,
  Unpack: listed,
  MaxPool: roundedDown,
  MaxPool3D: roundedDown,
};
