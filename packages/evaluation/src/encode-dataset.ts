import { checkShapes, DataError, type HostArray, OptionError, ShapeError } from '@fsc-clip/core';
import type { DeviceArray } from '@fsc-clip/engine';
import type { Tensor } from '@tensorflow/tfjs-core';

type Numbers = Float32Array | Int32Array | Uint8Array;

/** What an encoder may return: numbers, an array of a compiled function, or a tensor of a plain one. */
export type Encoded = HostArray<Float32Array> | DeviceArray | Tensor;

/** Options of `encodeDataset`. */
export interface EncodeDatasetOptions<Item extends HostArray> {
  /** One batch [batchSize, …] to its features f32 [batchSize, D]; compiled by `jit` or plain. What it returns is read and disposed. */
  readonly encode: (batch: HostArray<Item['data']>) => Encoded | Promise<Encoded>;
  /** Images f32 [3, S, S] or token ids i32 [T], one after the other, all of one shape; read only as fast as they are encoded. */
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  /** Rows of every batch, also of the last one. */
  readonly batchSize: number;
}

/**
 * Features of a whole data set, in its order, holding one batch of items at a time.
 *
 * Every batch has the same shape, so a compiled encoder compiles once: the last batch is filled up with copies of its last item, and
 * their features are cut off.
 *
 * @returns f32 [items, D]
 * @throws OptionError when `batchSize` is no positive integer
 * @throws ShapeError when an item has another shape than the first, or the features are not [batchSize, D]
 * @throws DataError when there is no item
 * @example
 * const features = await encodeDataset({ encode: jit(encodeImage), items: images(), batchSize: 64 });
 */
export async function encodeDataset<Item extends HostArray>(options: EncodeDatasetOptions<Item>): Promise<HostArray<Float32Array>> {
  const { encode, items, batchSize } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionError({ function: 'encodeDataset', argument: 'batchSize', rule: 'must be a positive integer', got: `${batchSize}` });
  }
  const parts: Float32Array[] = [];
  let count = 0;
  let width = 0;
  for await (const { batch, filled } of batches(items, batchSize)) {
    const features = await read(await encode(batch));
    checkShapes('encodeDataset', { features: [features, `${batchSize} ${width || 'D'}`] });
    width = features.shape[1]!;
    count += filled;
    parts.push(features.data.slice(0, filled * width));
  }
  if (count === 0) throw new DataError({ function: 'encodeDataset', argument: 'items', rule: 'must hold at least one item', got: 'none' });
  const data = new Float32Array(count * width);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { data, shape: [count, width] };
}

async function* batches<Item extends HostArray>(
  items: Iterable<Item> | AsyncIterable<Item>,
  batchSize: number,
): AsyncGenerator<{ batch: HostArray<Item['data']>; filled: number }> {
  let batch: { data: Item['data']; shape: readonly number[] } | undefined;
  let shape: readonly number[] | undefined;
  let filled = 0;
  for await (const item of items) {
    shape ??= item.shape;
    if (item.shape.join() !== shape.join()) {
      throw new ShapeError({
        function: 'encodeDataset',
        argument: 'items',
        rule: `must all have the shape of the first, [${shape.join(', ')}]`,
        got: `[${item.shape.join(', ')}]`,
      });
    }
    // A new array for every batch: the encoder may have moved the last one to another thread.
    batch ??= { data: numbersLike(item.data, batchSize * item.data.length), shape: [batchSize, ...shape] };
    batch.data.set(item.data, filled * item.data.length);
    filled++;
    if (filled === batchSize) {
      yield { batch, filled };
      batch = undefined;
      filled = 0;
    }
  }
  if (!batch) return;
  const size = batch.data.length / batchSize;
  for (let row = filled; row < batchSize; row++) batch.data.copyWithin(row * size, (filled - 1) * size, filled * size);
  yield { batch, filled };
}

function numbersLike(data: Numbers, length: number): Numbers {
  if (data instanceof Float32Array) return new Float32Array(length);
  return data instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length);
}

async function read(encoded: Encoded): Promise<HostArray<Float32Array>> {
  if (!('dispose' in encoded)) return encoded;
  try {
    const data = 'read' in encoded ? await encoded.read() : await encoded.data<'float32'>();
    return { data: data as Float32Array, shape: encoded.shape };
  } finally {
    encoded.dispose();
  }
}
