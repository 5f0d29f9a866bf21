import '@tensorflow/tfjs';
import { DataError } from '@fsc-clip/core';
import { alignmentMap } from '@fsc-clip/losses';
import { eye, mul, ones, tensor2d } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { wordWeights } from '../index.js';
import { renderReport } from './render-report.js';

const map = { data: Float32Array.of(9, 9, 0, 1, 0.5, 0.5, 1, 0), shape: [4, 2] };

test('by hand: a word of one token, a word of two', () => {
  const words = wordWeights(map, [
    { word: 'cat', begin: 1, end: 2 },
    { word: 'blowfish', begin: 2, end: 4 },
  ]);
  expect(words.map(({ word, weights }) => [word, ...weights])).toEqual([
    ['cat', 0, 1],
    ['blowfish', 0.75, 0.25],
  ]);
});

test('refuses words outside the text', () => {
  expect(() => wordWeights(map, [{ word: 'cat', begin: 3, end: 5 }])).toThrow("got [3, 5) for 'cat'");
  expect(() => wordWeights(map, [{ word: 'cat', begin: 2, end: 2 }])).toThrow(DataError);
});

test('the local loss’s weights, as the report draws them', () => {
  // four patches along four axes; "cat" is two tokens that look at the last patch, "mat" one that looks at the first
  const tokens = tensor2d([
    [0, 0, 0, 0],
    [0, 0, 0, 2],
    [0, 0, 0, 1],
    [3, 0, 0, 0],
  ]);
  const map = alignmentMap(mul(eye(4), 5), tokens, ones([4]));
  const words = wordWeights({ data: map.dataSync() as Float32Array, shape: map.shape }, [
    { word: 'cat', begin: 1, end: 3 },
    { word: 'mat', begin: 3, end: 4 },
  ]);
  const image = { data: new Uint8Array(8 * 8 * 3), width: 8, height: 8 };
  const page = renderReport({ title: 'T', settings: {}, scores: { metrics: [], rows: [] }, alignmentMaps: [{ image, words }] });
  expect(page).toContain('cat: strongest in row 2, column 2 of 2, 100% of the weight');
  expect(page).toContain('mat: strongest in row 1, column 1 of 2, 100% of the weight');
});
