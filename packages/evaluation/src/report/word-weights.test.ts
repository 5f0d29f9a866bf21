import { DataError } from '@fsc-clip/core';
import { expect, test } from 'vitest';
import { wordWeights } from '../index.js';

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
