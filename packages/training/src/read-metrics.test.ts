import '@tensorflow/tfjs';
import { memory, scalar } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { readMetrics } from './read-metrics.js';

it('readMetrics reads tensors and device arrays alike, and disposes them', async () => {
  const before = memory().numTensors;
  let disposed = 0;
  const handle = { shape: [], dtype: 'float32', read: async () => new Float32Array([2]), dispose: () => void disposed++ } as const;
  expect(await readMetrics({ loss: scalar(0.5), clip: handle })).toEqual({ loss: 0.5, clip: 2 });
  expect(memory().numTensors).toBe(before);
  expect(disposed).toBe(1);
});
