import { createKey } from '@fsc-clip/core';
import { describe, expect, test } from 'vitest';
import { counterPairs, distinct, foil, foilKinds } from './foils.js';
import { type ColourScene, colourScenes } from './scenes.js';

const key = createKey(11);
const scene: ColourScene = {
  id: 'by hand',
  caption: 'a car on purple and an owl on white',
  bindings: [
    { thing: 'car', colour: 'purple' },
    { thing: 'owl', colour: 'white' },
  ],
  picture: { layout: 'beside', grounds: [], placements: [] },
};
const words = (caption: string) =>
  caption
    .replaceAll(/\ban\b/g, 'a')
    .split(' ')
    .sort();

describe('foils', () => {
  test('swaps, by hand', () => {
    expect(foil(scene, 'swapThings', key)).toBe('an owl on purple and a car on white');
    expect(foil(scene, 'swapColours', key)).toBe('a car on white and an owl on purple');
  });

  test.each(foilKinds)('%s is false of its scene and changes no more than it says', (kind) => {
    for (const item of colourScenes({ key, count: 300, split: 'heldOutPairs' })) {
      const text = foil(item, kind, key);
      expect(text).not.toBe(item.caption);
      expect(foil(item, kind, key)).toBe(text);
      const added = words(text).filter((word) => !words(item.caption).includes(word));
      expect(added.length).toBe(kind.startsWith('swap') ? 0 : 1);
      if (kind.startsWith('swap')) expect(words(text)).toEqual(words(item.caption));
    }
  });
});

test('a counter pair: each caption is the foil of the other, the pictures differ in the things alone', () => {
  for (const [scene, counter] of counterPairs({ key, count: 300, split: 'rest' })) {
    expect(foil(scene, 'swapThings', key)).toBe(counter.caption);
    expect(foil(counter, 'swapThings', key)).toBe(scene.caption);
    expect(counter.picture.grounds).toEqual(scene.picture.grounds);
    const [one, other] = scene.picture.placements;
    expect(counter.picture.placements).toEqual([
      { ...one, thing: other!.thing },
      { ...other, thing: one!.thing },
    ]);
  }
});

test('distinct scenes leave out the same contents in another order', () => {
  const reversed = { ...scene, id: 'reversed', bindings: [scene.bindings[1], scene.bindings[0]] as const };
  const other = { ...scene, id: 'other', bindings: [{ thing: 'cat', colour: 'red' }, scene.bindings[1]] as const };
  expect(distinct([scene, reversed, other], 9).map(({ id }) => id)).toEqual(['by hand', 'other']);
  expect(distinct([scene, reversed, other], 1).map(({ id }) => id)).toEqual(['by hand']);
});
