import type { HostArray } from '@fsc-clip/core';
import type { DeviceArray } from '@fsc-clip/engine';
import '@tensorflow/tfjs';
import { mean, memory, mul, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { encodeDataset } from './index.js';

const item = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const double = (batch: HostArray) => ({ data: Float32Array.from(batch.data, (value) => 2 * value), shape: batch.shape });

test('every batch has the same shape; the last one is filled up and cut', async () => {
  const batches: number[][] = [];
  const features = await encodeDataset({
    encode: (batch) => {
      expect(batch.shape).toEqual([2, 2]);
      batches.push([...batch.data]);
      return double(batch);
    },
    items: [item(1, 2), item(3, 4), item(5, 6)],
    batchSize: 2,
  });
  expect(batches).toEqual([
    [1, 2, 3, 4],
    [5, 6, 5, 6],
  ]);
  expect(features).toEqual({ data: Float32Array.of(2, 4, 6, 8, 10, 12), shape: [3, 2] });
});

test('a multiple of the batch needs no filling, token ids stay integers', async () => {
  let calls = 0;
  const ids = [7, 8].map((id) => ({ data: Int32Array.of(id, 0), shape: [2] }));
  const features = await encodeDataset({
    encode: (batch) => {
      calls++;
      expect(batch.data).toBeInstanceOf(Int32Array);
      return double(batch);
    },
    items: ids,
    batchSize: 2,
  });
  expect([calls, ...features.shape]).toEqual([1, 2, 2]);
});

test('reads ahead no further than one batch', async () => {
  let read = 0;
  let encoded = 0;
  async function* items() {
    for (; read < 7; read++) {
      expect(read - encoded).toBeLessThan(2);
      yield item(read);
    }
  }
  await encodeDataset({
    encode: async (batch) => {
      encoded += 2;
      return double(batch);
    },
    items: items(),
    batchSize: 2,
  });
  expect(read).toBe(7);
});

describe('what an encoder may return', () => {
  test('a tensor of a plain function: read and disposed', async () => {
    const before = memory().numTensors;
    const encode = (batch: HostArray<Float32Array>) =>
      tidy(() => mul(mean(tensor(batch.data, [...batch.shape] as [number, number]), 1, true), 2));
    const features = await encodeDataset({ encode, items: [item(1, 3), item(5, 7), item(0, 0)], batchSize: 2 });
    expect([...features.data]).toEqual([4, 12, 0]);
    expect(memory().numTensors).toBe(before);
  });

  test('an array of a compiled function: read and disposed', async () => {
    let disposed = 0;
    const compiled = async (batch: HostArray): Promise<DeviceArray> => ({
      shape: batch.shape,
      dtype: 'float32',
      read: async () => double(batch).data,
      dispose: () => void disposed++,
    });
    const features = await encodeDataset({ encode: compiled, items: [item(1), item(2), item(3)], batchSize: 2 });
    expect([...features.data]).toEqual([2, 4, 6]);
    expect(disposed).toBe(2);
  });
});

describe('refusals', () => {
  test.each([
    ['no item', { items: [], batchSize: 1 }, '`batches` must hold at least one item'],
    ['an item of another shape', { items: [item(1), item(1, 2)], batchSize: 2 }, 'must all have the shape of the first, [1], got [2]'],
    ['no batch', { items: [item(1)], batchSize: 0 }, '`batchSize` must be a positive integer, got 0'],
  ])('%s', async (_, options, message) => {
    await expect(encodeDataset({ encode: double, ...options })).rejects.toThrow(message);
  });

  test('features that are not one row per item', async () => {
    const encode = () => ({ data: new Float32Array(3), shape: [3] });
    await expect(encodeDataset({ encode, items: [item(1)], batchSize: 1 })).rejects.toThrow('`features` must be [1, D]');
  });
});
