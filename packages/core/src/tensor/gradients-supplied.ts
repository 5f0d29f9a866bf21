import {
  add,
  broadcastTo,
  cumprod,
  einsum,
  expandDims,
  eye,
  type GradConfig,
  gatherND,
  greater,
  greaterEqual,
  less,
  lessEqual,
  mul,
  ones,
  pad,
  range,
  reshape,
  reverse,
  type StridedSliceAttrs,
  scatterND,
  slice,
  slice_util,
  sum,
  type Tensor,
  tensorScatterUpdate,
  transpose,
  unsortedSegmentSum,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { barrierKernel } from './barrier.js';

/** tfjs names the arguments of a gradient function loosely; these are what its kernels save and are given. */
function gradient(
  kernelName: string,
  inputsToSave: string[],
  gradFunc: (dy: Tensor, saved: Tensor[], attributes: never) => Record<string, () => Tensor>,
): GradConfig {
  return { kernelName, inputsToSave, gradFunc: gradFunc as unknown as GradConfig['gradFunc'] };
}

/** Steps: flat wherever they have a derivative. */
function flat(kernelName: string, inputs: string[]): GradConfig {
  return gradient(kernelName, inputs, (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => zeros(saved[i]!.shape)] as const)),
  );
}

const comparisons = ['Equal', 'NotEqual', 'Greater', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr'];

/** `dy` goes back to the positions that the largest elements came from. */
const topK: GradConfig = {
  kernelName: 'TopK',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dy, saved) => {
    const [x, indices] = saved as [Tensor, Tensor];
    const length = x.shape.at(-1)!;
    return {
      x: () => {
        const rows = reshape(range(0, x.size, length, 'int32'), [...x.shape.slice(0, -1), 1]); // where each row starts
        const places = reshape(add(indices, rows), [indices.size]);
        return reshape(unsortedSegmentSum(reshape((dy as Tensor[])[0]!, [indices.size]), places as never, x.size), x.shape);
      },
    };
  },
};

/** An einsum too: `dy` with the other operand, summed to the letters of this one; letters that stand nowhere else are repeated. */
const einsumGradient: GradConfig = {
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const [from, result] = (attributes['equation'] as unknown as string).replace(/\s/g, '').split('->') as [string, string];
    const terms = from.split(',');
    const derivative = (i: number) => () => {
      const [own, x] = [terms[i]!, saved[i]!];
      const others = terms.flatMap((term, j) => (j === i ? [] : [{ term, tensor: saved[j]! }]));
      const factors = result === '' ? others : [{ term: result, tensor: dy as Tensor }, ...others];
      const reached = [...own].filter((letter) => factors.some(({ term }) => term.includes(letter)));
      const product =
        factors.length === 0
          ? (dy as Tensor)
          : einsum(`${factors.map(({ term }) => term)}->${reached.join('')}`, ...factors.map(({ tensor }) => tensor));
      const spread = reshape(
        product,
        x.shape.map((size, axis) => (reached.includes(own[axis]!) ? size : 1)),
      );
      const whole = broadcastTo(spread, x.shape);
      return result === '' && factors.length > 0 ? mul(dy as Tensor, whole) : whole;
    };
    return Object.fromEntries(terms.map((_, i) => [String(i), derivative(i)]));
  },
};

/**
 * Exact also where factors are zero, at the price of n² numbers along the axis: row i holds the products without factor i.
 */
const cumprodGradient = gradient(
  'Cumprod',
  ['x'],
  (dy, [x], { axis, exclusive, reverse: backwards }: { axis: number; exclusive: boolean; reverse: boolean }) => ({
    x: () => {
      const at = axis < 0 ? axis + x!.rank : axis;
      const [before, length, after] = [x!.shape.slice(0, at), x!.shape[at]!, x!.shape.slice(at + 1)];
      const along = (square: Tensor) => reshape(square, [length, length, ...after.map(() => 1)]);
      const without = where(along(greater(eye(length), 0)), 1, expandDims(x!, at)); // [..., i, j, ...]
      const products = cumprod(without, at + 1, exclusive, backwards);
      const position = range(0, length);
      const [i, j] = [reshape(position, [length, 1]), reshape(position, [1, length])];
      const reaches = backwards ? (exclusive ? greater(i, j) : greaterEqual(i, j)) : exclusive ? less(i, j) : lessEqual(i, j);
      const terms = where(along(reaches), mul(products, expandDims(dy, at)), 0);
      return reshape(sum(terms, at + 1), [...before, length, ...after]);
    },
  }),
);

/** `dy` at every step of the axis it was taken from, zeros between. */
function unstride(dy: Tensor, axis: number, begin: number, stride: number, size: number): Tensor {
  const count = dy.shape[axis]!;
  const step = Math.abs(stride);
  const first = stride > 0 ? begin : begin + (count - 1) * stride;
  const [before, after] = [dy.shape.slice(0, axis), dy.shape.slice(axis + 1)];
  const forward = stride > 0 ? dy : reverse(dy, axis);
  const steps = pad(reshape(forward, [...before, count, 1, ...after]), dy.shape.flatMap(none).toSpliced(axis + 1, 0, [0, step - 1]));
  const long = reshape(steps, [...before, count * step, ...after]);
  const length = Math.min(count * step, size - first);
  const cut = slice(
    long,
    long.shape.map(() => 0),
    [...before, length, ...after],
  );
  return pad(
    cut,
    cut.shape.map((_, i): [number, number] => (i === axis ? [first, size - first - length] : [0, 0])),
  );
}

function none(): [number, number][] {
  return [[0, 0]];
}

const stridedSliceGradient = gradient('StridedSlice', ['x'], (dy, [x], attributes: StridedSliceAttrs) => ({
  x: () => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
    const info = slice_util.sliceInfo(x!.shape, begin, end, strides, ...masks);
    if (dy.size === 0) return zerosLike(x!);
    const lengths = x!.shape.map((_, axis) => Math.ceil((info.end[axis]! - info.begin[axis]!) / info.strides[axis]!));
    return x!.shape.reduce(
      (partial: Tensor, size, axis) => unstride(partial, axis, info.begin[axis]!, info.strides[axis]!, size),
      reshape(dy, lengths),
    );
  },
}));

const depthToSpaceGradient = gradient('DepthToSpace', ['x'], (dy, [x], { blockSize }: { blockSize: number }) => ({
  x: () => {
    const [batch, height, width, depth] = x!.shape as [number, number, number, number];
    const blocks = reshape(dy, [batch, height, blockSize, width, blockSize, depth / (blockSize * blockSize)]);
    return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), x!.shape);
  },
}));

/** Gradients of kernels that tfjs has none for. */
export const supplied: readonly GradConfig[] = [
  ...comparisons.map((kernelName) => flat(kernelName, ['a', 'b'])),
  ...['LogicalNot', 'All', 'Any'].map((kernelName) => flat(kernelName, ['x'])),
  flat('SearchSorted', ['sortedSequence', 'values']),
  topK,
  einsumGradient,
  cumprodGradient,
  stridedSliceGradient,
  depthToSpaceGradient,
  gradient('Diag', ['x'], (dy, [x]) => ({
    x: () => reshape(sum(mul(reshape(dy, [x!.size, x!.size]), eye(x!.size)), 1), x!.shape),
  })),
  gradient(barrierKernel, ['after'], (dy, [after]) => ({
    x: () => dy.clone(),
    after: () => zeros(after!.shape),
  })),
  gradient('GatherNd', ['params', 'indices'], (dy, [params, indices]) => ({
    params: () => scatterND(indices!, dy, params!.shape as never),
    indices: () => zeros(indices!.shape),
  })),
  gradient('ScatterNd', ['indices'], (dy, [indices]) => ({
    indices: () => zeros(indices!.shape),
    updates: () => gatherND(dy, indices!),
  })),
  gradient('TensorScatterUpdate', ['indices', 'updates'], (dy, [indices, updates]) => ({
    // A mask: tfjs's cpu backend writes into the tensor that it updates.
    tensor: () => mul(dy, tensorScatterUpdate(ones(dy.shape), indices!, zerosLike(updates!))),
    indices: () => zeros(indices!.shape),
    updates: () => gatherND(dy, indices!),
  })),
];
