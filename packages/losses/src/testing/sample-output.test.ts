import '@tensorflow/tfjs';
import { memory, norm } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { sampleOutput } from './index.js';

it('sampleOutput has the shapes of a model’s output, unit features and a word in every text', () => {
  const before = memory().numTensors;
  const { output, batch } = sampleOutput({ B: 3, K: 2, P: 4, T: 5, D: 6 }, 1);
  expect(memory().numTensors).toBe(before + 7);
  const shapes = Object.fromEntries(Object.entries({ ...output, ...batch }).map(([name, { shape }]) => [name, shape]));
  expect(shapes).toEqual({
    imageFeatures: [3, 6],
    textFeatures: [9, 6],
    imageTokens: [3, 4, 6],
    textTokens: [9, 5, 6],
    textMask: [9, 5],
    logitScale: [],
    negativeMask: [2, 3],
  });
  expect([...norm(output.textFeatures, 2, 1).dataSync()]).toEqual(Array(9).fill(expect.closeTo(1, 5)));
  const masks = output.textMask.arraySync() as number[][];
  expect(masks.every(([start, ...words]) => start === 0 && words.includes(1))).toBe(true);
});

it('sampleOutput repeats itself by seed', () => {
  const numbers = (seed: number) => [...sampleOutput({}, seed).output.imageTokens.dataSync()];
  expect(numbers(3)).toEqual(numbers(3));
  expect(numbers(3)).not.toEqual(numbers(4));
});
