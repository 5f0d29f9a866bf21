import { type HostArray, ShapeError } from '@fsc-clip/core';

type Numbers = Float32Array | Int32Array | Uint8Array;

/** Arrays stacked into one [batchSize, …]; the first `filled` rows are items, the rest copies of the last of them. */
export interface ItemBatch<Data extends Numbers> {
  readonly batch: HostArray<Data>;
  readonly filled: number;
}

/**
 * Stacks arrays of one shape into batches of one shape, reading no further than the batch that is asked for.
 *
 * @throws ShapeError when an item has another shape than the first
 */
export async function* itemBatches<Item extends HostArray>(
  caller: string,
  items: Iterable<Item> | AsyncIterable<Item>,
  batchSize: number,
): AsyncGenerator<ItemBatch<Item['data']>> {
  let batch: HostArray<Item['data']> | undefined;
  let shape: readonly number[] | undefined;
  let filled = 0;
  for await (const item of items) {
    shape ??= item.shape;
    if (item.shape.join() !== shape.join()) {
      const rule = `must all have the shape of the first, [${shape.join(', ')}]`;
      throw new ShapeError({ function: caller, argument: 'items', rule, got: `[${item.shape.join(', ')}]` });
    }
    // A new array for every batch: the encoder may have moved the last one to another thread.
    batch ??= { data: numbersLike(item.data, batchSize * item.data.length), shape: [batchSize, ...shape] };
    batch.data.set(item.data, filled * item.data.length);
    filled++;
    if (filled < batchSize) continue;
    yield { batch, filled };
    batch = undefined;
    filled = 0;
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
