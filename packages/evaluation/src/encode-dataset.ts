import type { HostArray } from '@fsc-clip/core';
import { collectFeatures, type EncodeBatchesOptions, encodeBatches } from '@fsc-clip/models';

/**
 * Features of a whole data set in one array, in its order: `encodeBatches` of `@fsc-clip/models`, collected.
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
export async function encodeDataset<Item extends HostArray>(options: EncodeBatchesOptions<Item>): Promise<HostArray<Float32Array>> {
  return collectFeatures(encodeBatches(options));
}
