import { createKey, foldIn } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import { swapCandidates, swapNegatives } from './index.js';

const { generate } = swapNegatives();
const draws = (caption: string, count = 200) => Array.from({ length: count }, (_, i) => generate(caption, foldIn(createKey(0), i))[0]);

describe('swapNegatives', () => {
  it('swaps things, and colours, of two bindings', () => {
    expect(swapCandidates('a car on purple and a blowfish on white')).toEqual([
      'a blowfish on purple and a car on white',
      'a car on white and a blowfish on purple',
    ]);
    expect(new Set(draws('a car on purple and a blowfish on white'))).toEqual(
      new Set(swapCandidates('a car on purple and a blowfish on white')),
    );
  });

  it.each(['above', 'below', 'to the left of', 'to the right of'])('swaps two things that stand %s each other', (relation) => {
    expect(swapCandidates(`a car ${relation} a blowfish`)).toContain(`a blowfish ${relation} a car`);
    expect(draws(`a car ${relation} a blowfish`, 10)).not.toContain(null);
  });

  it('leaves a slot empty where nothing can be swapped', () => {
    expect(generate('a red apple', createKey(0))).toEqual([null]);
    expect(generate('a dog near a dog', createKey(0))).toEqual([null]);
    expect(swapCandidates('')).toEqual([]);
  });

  it('swaps each kind of phrase', () => {
    const texts = swapCandidates('Two small boys slowly riding horses and a tall woman quickly eating apples.');
    expect(texts).toContain('a tall woman slowly riding horses and Two small boys quickly eating apples.'); // noun phrases
    expect(texts).toContain('Two small boys quickly eating horses and a tall woman slowly riding apples.'); // verb phrases
    expect(texts).toContain('Two small boys slowly riding apples and a tall woman quickly eating horses.'); // plurals
    expect(texts).toContain('Two small boys quickly riding horses and a tall woman slowly eating apples.'); // adverbs
    expect(texts).toContain('Two tall boys slowly riding horses and a small woman quickly eating apples.'); // adjectives
    expect(swapCandidates('A dog,  a cat')).toEqual(['A cat,  a dog']); // singular nouns; spaces stay
  });

  it('draws a kind first, then a pair of it: adjectives are as likely as the one pair among many nouns', () => {
    const caption = 'a red car near a tree and a house with a white door';
    const colours = draws(caption, 1000).filter((text) => text === 'a white car near a tree and a house with a red door').length;
    // Kinds: noun phrases (a red car, a white door), nouns (six pairs), adjectives (one pair). Each a third.
    expect(Math.abs(colours / 1000 - 1 / 3)).toBeLessThan(0.05);
  });

  it('composes accents and splices by UTF-16 units', () => {
    expect(swapCandidates('a 🐶 dog near a cafe\u0301')).toEqual(['a 🐶 café near a dog']);
  });
});
