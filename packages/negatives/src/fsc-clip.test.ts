import { createKey, foldIn, OptionError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineGenerators, createCaptionParser, fscClip, ngramShuffle, replaceNegatives, swapNegatives } from './index.js';

const captions = [
  'a car on purple and a blowfish on white',
  'A man rides a brown horse near two white fences.',
  'dog',
  'a cat under a table',
];

describe('fscClip', () => {
  it('has three slots: those of its generators alone', () => {
    const negatives = fscClip();
    expect(negatives.types).toEqual(['swap', 'replace', 'shuffle2']);
    for (const caption of captions) {
      const key = foldIn(createKey(1), caption);
      const alone = [swapNegatives(), replaceNegatives(), ngramShuffle(2)].flatMap((generator) => generator.generate(caption, key));
      expect(negatives.generate(caption, key)).toEqual(alone);
    }
  });

  it('does not depend on order, on the cache, or on what came before', () => {
    const small = fscClip({ parse: createCaptionParser({ cacheSize: 1 }) });
    const large = fscClip();
    const keyed = captions.map((caption, i) => [caption, foldIn(createKey(2), 0, `sample ${i}`)] as const);
    const forward = keyed.map(([caption, key]) => large.generate(caption, key));
    const backward = keyed.toReversed().map(([caption, key]) => small.generate(caption, key));
    expect(backward.toReversed()).toEqual(forward);
  });

  it('never throws, and every negative says something else', () => {
    const negatives = fscClip();
    const words = (text: string) =>
      (
        text
          .normalize('NFC')
          .toLowerCase()
          .match(/[\p{L}\p{N}]+/gu) ?? []
      ).join(' ');
    const word = fc.constantFrom(
      'a',
      'the',
      'red',
      'dog',
      'dogs',
      'on',
      'is',
      "isn't",
      "dog's",
      'half-open',
      ',',
      '.',
      '"',
      '🐶',
      '\ud83d',
      '__proto__',
      '\u0000',
    );
    const texts = fc.oneof(
      fc.array(word, { maxLength: 30 }).map((parts) => parts.join(' ')),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    fc.assert(
      fc.property(texts, fc.nat(), (caption, seed) => {
        const slots = negatives.generate(caption, createKey(seed));
        expect(slots).toHaveLength(3);
        for (const negative of slots) if (negative !== null) expect(words(negative)).not.toBe(words(caption));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('reads no more of a caption than CLIP can', () => {
    const long = `a dog and a cat ${'very '.repeat(100_000)}end`;
    const [swap] = fscClip().generate(long, createKey(0));
    expect(swap).toBe(`a cat and a dog ${'very '.repeat(100_000)}end`);
  });
});

describe('combineGenerators', () => {
  it('refuses no generator, and two slots of one name', () => {
    expect(() => combineGenerators()).toThrow(OptionError);
    expect(() => combineGenerators(swapNegatives(), swapNegatives())).toThrow(
      'combineGenerators: `generators` must have one slot or more, of different names, got swap, swap',
    );
  });
});

describe('createCaptionParser', () => {
  it('keeps parses, up to its size', () => {
    const parse = createCaptionParser({ cacheSize: 2 });
    const first = parse('a dog');
    parse('a cat');
    expect(parse('a dog')).toBe(first);
    parse('a cow'); // pushes out the cat, used longest ago
    expect(parse('a dog')).toBe(first);
    parse('a cat');
    parse('a hen');
    expect(parse('a dog')).not.toBe(first);
    expect(() => createCaptionParser({ cacheSize: 0 })).toThrow('must be a positive integer, got 0');
  });

  it('tags what stands in the caption', () => {
    const { tokens, tags, nounPhrases } = createCaptionParser()("The dog's red ball is near several boats, isn't it?");
    expect(tokens.map(({ text }, i) => `${text}/${tags[i]}`).join(' ')).toBe(
      "The/DT dog/NN 's/POS red/JJ ball/NN is/AUX near/IN several/JJ boats/NNS ,/X is/AUX n't/RB it/PRP ?/X",
    );
    expect(
      nounPhrases.map(({ from, to }) =>
        tokens
          .slice(from, to)
          .map(({ text }) => text)
          .join(' '),
      ),
    ).toEqual(["The dog 's red ball", 'several boats', 'it']);
  });
});
