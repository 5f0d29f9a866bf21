import { checkShapes, type HostArray, OptionError } from '@fsc-clip/core';
import type { Encoded } from './features.js';
import { itemBatches } from './item-batches.js';
import { type EncodingProgress, type PreparedBatch, runBatches } from './run-batches.js';

/** Options of `encodeBatches`. */
export interface EncodeBatchesOptions<Item extends HostArray> {
  /** One batch [batchSize, …] to its features f32 [batchSize, D]; compiled by `jit` or plain. What it returns is read and disposed. */
  readonly encode: (batch: HostArray<Item['data']>) => Encoded | Promise<Encoded>;
  /** Images f32 [3, S, S] or token ids i32 [T], one after the other, all of one shape; read only as fast as they are encoded. */
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  /** Rows of every batch, also of the last one. */
  readonly batchSize: number;
  /** @defaultValue nobody is told */
  readonly onProgress?: EncodingProgress;
}

/**
 * Features of items without end, in their order, through an encoder of your own: at most two batches of items are in memory, the one that
 * runs and the one that is prepared meanwhile. `createEncoder` is the same for a CLIP model.
 *
 * Every batch has the same shape, so a compiled encoder compiles once: the last batch is filled up with copies of its last item, and
 * their features are cut off.
 *
 * @returns batches of features, f32 [n, D]; `collectFeatures` joins them
 * @throws OptionError when `batchSize` is no positive integer
 * @throws ShapeError when an item has another shape than the first, or the features are not [batchSize, D]
 * @example
 * for await (const { data, shape } of encodeBatches({ encode: jit(encodeImage), items: images(), batchSize: 64 })) await file.write(data);
 */
export function encodeBatches<Item extends HostArray>(options: EncodeBatchesOptions<Item>): AsyncGenerator<HostArray<Float32Array>> {
  const { encode, items, batchSize, onProgress } = options;
  checkBatchSize('encodeBatches', batchSize);
  return runBatches('encodeBatches', prepared(items, batchSize, encode), onProgress);
}

async function* prepared<Item extends HostArray>(
  items: Iterable<Item> | AsyncIterable<Item>,
  batchSize: number,
  encode: EncodeBatchesOptions<Item>['encode'],
): AsyncGenerator<PreparedBatch> {
  for await (const { batch, filled } of itemBatches('encodeBatches', items, batchSize)) {
    const run = async () => {
      const features = await encode(batch);
      checkShapes('encodeBatches', { features: [features, `${batchSize} D`] });
      return features;
    };
    yield { filled, run };
  }
}

/** @throws OptionError when it is no positive integer */
export function checkBatchSize(caller: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize > 0) return;
  throw new OptionError({ function: caller, argument: 'batchSize', rule: 'must be a positive integer', got: String(batchSize) });
}
