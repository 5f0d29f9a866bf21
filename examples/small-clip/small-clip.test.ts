import { createKey, foldIn } from '@fsc-clip/core';
import { expect, test } from 'vitest';
import { colourScenes, concepts, pretrainingScenes, sceneNegatives, withArticle } from '../emoji-scenes/index.js';
import { createSmallClip } from './small-clip.js';

const { model, tokenizer } = createSmallClip();

test('the tokenizer knows every caption and negative, and cuts none', () => {
  const key = createKey(3);
  const { generate } = sceneNegatives();
  const texts = [
    ...concepts.map(withArticle),
    ...pretrainingScenes({ key, count: 3000 }).map(({ caption }) => caption),
    ...colourScenes({ key, count: 500, split: 'train' }).flatMap(({ id, caption }) =>
      generate(caption, foldIn(key, id)).map((text) => text!),
    ),
    'a peacock to the right of an hourglass', // the longest there can be
    'a peacock on purple and an hourglass on yellow',
  ];
  const lengths = texts.map((text) => tokenizer.encode(text).length);
  expect(Math.max(...lengths)).toBeLessThan(tokenizer.contextLength);
});

test('an embedding row for each token that occurs, and 1.5 million parameters', () => {
  expect(model.shapes['token_embedding.weight']).toEqual([tokenizer.vocabularySize, 128]);
  expect(tokenizer.vocabularySize).toBeLessThan(200);
  const parameters = Object.values(model.shapes).reduce((sum, shape) => sum + shape.reduce((size, length) => size * length, 1), 0);
  expect(parameters / 1e6).toBeCloseTo(1.5, 1);
});
