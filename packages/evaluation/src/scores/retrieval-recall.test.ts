import { createKey, DataError, type HostArray, OptionError, randomStream, ShapeError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { retrievalRecall, similarities } from '../index.js';

const matrix = (shape: number[], values: ArrayLike<number>): HostArray<Float32Array> => ({ data: Float32Array.from(values), shape });
const random = (seed: number, ...shape: number[]) => {
  const stream = randomStream(createKey(seed));
  return matrix(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, stream.normal));
};

test('by hand: two images, three captions', () => {
  const scores = matrix([2, 3], [0.9, 0.2, 0.5, 0.9, 0.3, 0.1]);
  const { imageToText, textToImage } = retrievalRecall({ scores, owner: [0, 0, 1] }, { depths: [1, 2, 3] });
  // Image 0: best own 0.9 is first. Image 1: own 0.1 is behind 0.9 and 0.3.
  expect([...imageToText.ranks]).toEqual([1, 3]);
  // Caption 0: own 0.9 ties with image 1. Caption 1: 0.2 < 0.3. Caption 2: own 0.1 < 0.5.
  expect([...textToImage.ranks]).toEqual([2, 2, 2]);
  expect([1, 2, 3].map((depth) => imageToText.recall[depth]?.value)).toEqual([0.5, 0.5, 1]);
  expect([imageToText.meanRank, imageToText.medianRank]).toEqual([2, 2]);
  expect([...(textToImage.recall[2]?.perItem ?? [])]).toEqual([1, 1, 1]);
});

test('the other captions of the same image are no rivals', () => {
  const scores = matrix([2, 4], [0.9, 0.8, 0.7, 0.1, 0, 0, 0, 0.5]);
  expect([...retrievalRecall({ scores, owner: [0, 0, 0, 1] }).imageToText.ranks]).toEqual([1, 1]);
});

test('features in blocks of any size give what sorting the whole matrix gives', () => {
  const images = random(1, 13, 5);
  const texts = random(2, 29, 5);
  const owner = Array.from({ length: 29 }, (_, i) => (i * 7) % 13);
  const scores = similarities(images, texts);
  const bySorting = (own: number[], others: number[]) => 1 + others.filter((other) => other >= Math.max(...own)).length;
  const at = (image: number, caption: number) => scores.data[image * 29 + caption]!;
  const captions = [...owner.keys()];
  const expected = {
    images: [...Array(13).keys()].map((image) =>
      bySorting(
        captions.filter((caption) => owner[caption] === image).map((caption) => at(image, caption)),
        captions.filter((caption) => owner[caption] !== image).map((caption) => at(image, caption)),
      ),
    ),
    captions: captions.map((caption) =>
      bySorting(
        [at(owner[caption]!, caption)],
        [...Array(13).keys()].filter((image) => image !== owner[caption]).map((image) => at(image, caption)),
      ),
    ),
  };
  for (const blockSize of [1, 4, 5, 13, 64]) {
    const result = retrievalRecall({ imageFeatures: images, textFeatures: texts, owner }, { blockSize });
    expect([...result.imageToText.ranks], `blocks of ${blockSize}`).toEqual(expected.images);
    expect([...result.textToImage.ranks], `blocks of ${blockSize}`).toEqual(expected.captions);
  }
});

test('equal images tie to the last bit, wherever they stand in a block', () => {
  const image = random(3, 1, 37);
  const imageFeatures = matrix([7, 37], Array.from({ length: 7 }, () => [...image.data]).flat());
  const textFeatures = random(4, 7, 37);
  for (const blockSize of [1, 3, 5]) {
    const { textToImage } = retrievalRecall({ imageFeatures, textFeatures, owner: [0, 1, 2, 3, 4, 5, 6] }, { blockSize });
    expect([...textToImage.ranks]).toEqual(Array(7).fill(7));
  }
});

test('a model that gives NaN retrieves nothing', () => {
  const scores = matrix([2, 2], [Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  const { imageToText, textToImage } = retrievalRecall({ scores, owner: [0, 1] });
  expect([imageToText.recall[1]?.value, textToImage.recall[1]?.value]).toEqual([0, 0]);
});

test('recall grows with depth and ends at 1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer(), (size, seed) => {
      const scores = random(Math.abs(seed), size, size);
      const depths = [...Array(size).keys()].map((depth) => depth + 1);
      const { imageToText } = retrievalRecall({ scores, owner: [...Array(size).keys()] }, { depths });
      const values = depths.map((depth) => imageToText.recall[depth]!.value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(values.at(-1)).toBe(1);
    }),
  );
});

describe('refusals', () => {
  const scores = matrix([2, 2], [1, 0, 0, 1]);
  test.each([
    ['an image without a caption', () => retrievalRecall({ scores, owner: [0, 0] }), DataError, 'none for image 1'],
    ['an owner out of range', () => retrievalRecall({ scores, owner: [0, 2] }), DataError, 'got 2 for item 1'],
    ['too few owners', () => retrievalRecall({ scores, owner: [0] }), DataError, 'must hold 2 integers'],
    ['depth 0', () => retrievalRecall({ scores, owner: [0, 1] }, { depths: [0] }), OptionError, '`depths`'],
    ['no block', () => retrievalRecall({ scores, owner: [0, 1] }, { blockSize: 0 }), OptionError, '`blockSize`'],
    [
      'widths that differ',
      () => retrievalRecall({ imageFeatures: random(1, 2, 4), textFeatures: random(1, 2, 5), owner: [0, 1] }),
      ShapeError,
      '`textFeatures`',
    ],
  ])('%s', (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});
