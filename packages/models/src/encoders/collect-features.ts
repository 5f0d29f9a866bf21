import { DataError, type HostArray } from '@fsc-clip/core';

/**
 * All features in one array, for as many as memory holds: a million of width 512 are 2 GB, and while they are joined twice that. More are
 * better taken batch by batch.
 *
 * @param batches - f32 [n, D] each, as `createEncoder` and `encodeBatches` yield them
 * @returns f32 [N, D]
 * @throws DataError when there is no batch
 * @example
 * const { data, shape } = await collectFeatures(encoder.encodeTexts(captions));
 */
export async function collectFeatures(batches: AsyncIterable<HostArray<Float32Array>>): Promise<HostArray<Float32Array>> {
  const parts: Float32Array[] = [];
  let [count, width] = [0, 0];
  for await (const { data, shape } of batches) {
    parts.push(data);
    count += shape[0]!;
    width = shape[1]!;
  }
  if (parts.length === 0) {
    throw new DataError({ function: 'collectFeatures', argument: 'batches', rule: 'must hold at least one item', got: 'none' });
  }
  const data = new Float32Array(count * width);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { data, shape: [count, width] };
}
