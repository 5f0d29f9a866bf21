import { foldIn, randomStream } from '@fsc-clip/core';
import { combineGenerators, type NegativeGenerator, ngramShuffle, type SingleNegativeGenerator, swapNegatives } from '@fsc-clip/negatives';
import { mendArticles } from './captions.js';
import { colourNames } from './colours.js';
import { fineTuningConcepts } from './concepts.js';

/**
 * The three negatives of FSC-CLIP for scene captions: a swap, a replacement, a shuffle of pairs of words. The replacement is another
 * fine-tuning concept or colour: WordNet offers words that the small model has no token for, and the `rest` stays unseen. Articles are mended: `a owl` would
 * give a negative away to a model that looks at no picture.
 */
export function sceneNegatives(): NegativeGenerator {
  const { types, generate } = combineGenerators(swapNegatives(), replaceWithin([fineTuningConcepts, colourNames]), ngramShuffle(2));
  return { types, generate: (caption, key) => generate(caption, key).map((text) => text && mendArticles(text)) };
}

/** A generator of one's own, as anybody can write it: replaces one word that stands in a list by another of the same list. */
export function replaceWithin(lists: readonly (readonly string[])[]): SingleNegativeGenerator {
  return {
    types: ['replace'],
    generate: (caption, key) => {
      const words = caption.split(' ');
      const places = words.flatMap((word, place) => lists.filter((list) => list.includes(word)).map((list) => ({ place, list })));
      if (places.length === 0) return [null];
      const random = randomStream(foldIn(key, 'replace'));
      const { place, list } = random.choice(places);
      return [words.with(place, random.choice(list.filter((word) => !words.includes(word)))).join(' ')];
    },
  };
}
