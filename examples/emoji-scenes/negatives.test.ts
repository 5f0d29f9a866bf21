import { createKey, foldIn } from '@fsc-clip/core';
import { expect, test } from 'vitest';
import { restConcepts } from './concepts.js';
import { replaceWithin, sceneNegatives } from './negatives.js';
import { colourScenes } from './scenes.js';

const key = createKey(5);
const { types, generate } = sceneNegatives();

test('a replacement is of the same list and stands nowhere else in the caption', () => {
  const generator = replaceWithin([['car', 'owl', 'axe'], ['red']]);
  expect(generator.generate('a car and an owl', key)).toSatisfy(([text]: string[]) =>
    ['a axe and an owl', 'a car and an axe'].includes(text!),
  );
  expect(generator.generate('a dog', key)).toEqual([null]);
});

test('every scene has all three negatives, none of them its caption, articles in order', () => {
  expect(types).toEqual(['swap', 'replace', 'shuffle2']);
  for (const { caption, id } of colourScenes({ key, count: 500, split: 'train' })) {
    const negatives = generate(caption, foldIn(key, id));
    expect(negatives.length).toBe(3);
    for (const text of negatives) {
      expect(text).not.toBeNull();
      expect(text).not.toBe(caption);
      expect(text!.split(' ').filter((word) => restConcepts.includes(word))).toEqual([]);
      expect(text).not.toMatch(/\ba [aeiou]|\ban [bcdfgj-np-tv-z]|\ba hour|\ban h(?!our)/);
    }
    const [swap] = negatives;
    expect(swap!.split(' ').toSorted()).toEqual(expect.arrayContaining(caption.split(' ').filter((word) => word.length > 2)));
  }
});
