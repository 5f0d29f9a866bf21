import { OptionError } from '@fsc-clip/core';
import {
  add,
  addN,
  concat,
  customGrad,
  engine,
  type GradSaveFunc,
  grads,
  mul,
  reshape,
  slice,
  split,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** The option of losses over all pairs of a large batch. */
export interface ChunkOptions {
  /**
   * Rows at a time, recomputed for the gradient: memory for `chunkSize · B` logits instead of `B²`, for about twice the arithmetic. The
   * same numbers up to rounding.
   * @defaultValue all rows at once
   */
  readonly chunkSize?: number;
}

/** @throws OptionError */
export function checkChunkSize(name: string, { chunkSize = 1 }: ChunkOptions): void {
  if (Number.isInteger(chunkSize) && chunkSize >= 1) return;
  throw new OptionError({ function: name, argument: 'chunkSize', rule: 'must be a positive integer', got: String(chunkSize) });
}

type RowLosses = (...inputs: Tensor[]) => Tensor;

/**
 * `f(...rows, ...whole)` [R] for R rows, a chunk of them at a time. Nothing that `f` makes is kept for the gradient: that runs `f` again,
 * chunk by chunk, so that only one chunk's temporaries are in memory at once.
 *
 * @param rows - [R, …] each, cut into chunks
 * @param whole - given to every chunk as they are
 */
export function inRowChunks(f: RowLosses, rows: readonly Tensor[], whole: readonly Tensor[], chunkSize: number): Tensor {
  const count = rows[0]!.shape[0]!;
  const sizes = Array.from({ length: Math.ceil(count / chunkSize) }, (_, i) => Math.min(chunkSize, count - i * chunkSize));
  const chunksOf = (array: Tensor) => split(array, sizes);
  const chunked = customGrad((...args) => {
    const save = args.pop() as unknown as GradSaveFunc;
    const inputs = args as Tensor[];
    save(inputs);
    const parts = inputs.slice(0, rows.length).map(chunksOf);
    const value = concat(sizes.map((_, i) => f(...parts.map((part) => part[i]!), ...inputs.slice(rows.length))));
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        backward(chunksOf(dy), saved.slice(0, rows.length).map(chunksOf), saved.slice(rows.length)),
    };
  });
  /** Gradients of the rows, put together, and of the whole arrays, summed over the chunks. */
  const backward = (dy: readonly Tensor[], parts: readonly (readonly Tensor[])[], whole: readonly Tensor[]): Tensor[] => {
    const rowGrads: Tensor[][] = [];
    let sums: Tensor[] = [];
    for (const [i, ofChunk] of dy.entries()) {
      const [first, ...others] = parts.map((part) => part[i]!);
      const gradients = gradientsWithin(f, [after([ofChunk, ...sums, ...(rowGrads.at(-1) ?? [])], first!), ...others, ...whole], ofChunk);
      rowGrads.push(gradients.slice(0, rows.length));
      sums = gradients.slice(rows.length).map((gradient, j) => (sums[j] === undefined ? gradient : add(sums[j], gradient)));
    }
    return [...rows.map((_, j) => concat(rowGrads.map((gradients) => gradients[j]!))), ...sums];
  };
  return chunked(...rows, ...whole);
}

/** Gradients inside a backward pass: tfjs has one tape at a time and drops it at the end of a gradient, also of an inner one. */
function gradientsWithin(f: RowLosses, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = engine();
  const tape = state.activeTape;
  try {
    return grads((...again: Tensor[]) => f(...again))(inputs, dy);
  } finally {
    state.activeTape = tape;
  }
}

/**
 * `x` as it is, by a value that waits for the others. A compiler that builds equal expressions once and orders them itself, as `jit` and
 * onnxruntime do, would else find the second run in the first, or put off what the next chunk does not need, and keep every chunk in memory.
 */
function after(others: readonly Tensor[], x: Tensor): Tensor {
  const firstOf = (tensor: Tensor) => {
    if (tensor.rank === 0) return tensor;
    const corner = slice(tensor, Array(tensor.rank).fill(0), Array(tensor.rank).fill(1));
    return reshape(corner, []);
  };
  return add(x, mul(addN(others.map(firstOf)), 0));
}
