import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytePairs } from './byte-pairs.js';
import { buildVocabulary, clipVocabulary, type Vocabulary } from './vocabulary.js';

/** The plain form: look for the smallest merged id over all pairs, merge all its places from left to right, again until none is left. */
function bytePairsByLoops(word: string, { byteIds, merge }: Vocabulary): number[] {
  let tokens = Array.from(Buffer.from(word), (byte) => byteIds[byte]!);
  tokens[tokens.length - 1]! += 256;
  for (;;) {
    const smallest = Math.min(...tokens.slice(1).map((right, i) => merge(tokens[i]!, right) ?? Number.POSITIVE_INFINITY));
    if (smallest === Number.POSITIVE_INFINITY) return tokens;
    const merged: number[] = [];
    for (let i = 0; i < tokens.length; i++) {
      const here = i + 1 < tokens.length && merge(tokens[i]!, tokens[i + 1]!) === smallest;
      merged.push(here ? smallest : tokens[i]!);
      if (here) i++;
    }
    tokens = merged;
  }
}

it('merges by hand', () => {
  const vocabulary = buildVocabulary(['a a', 'aa a</w>', 'b aa']); // a = 64, b = 65; 512, 513, 514
  expect(bytePairs('aaaa', vocabulary)).toEqual([512, 64, 64 + 256]); // the pair at 1 overlaps the one at 0; the last a is another token
  expect(bytePairs('aaa', vocabulary)).toEqual([513]);
  expect(bytePairs('baab', vocabulary)).toEqual([514, 65 + 256]);
});

it('equals the plain loops', () => {
  const vocabulary = clipVocabulary();
  const word = fc.oneof(
    fc.stringMatching(/^[a-e]{1,40}$/),
    fc.stringMatching(/^[a-z]{1,15}$/),
    fc.stringMatching(/^(?:an|the|ing|st|er|!|\?|ééé|日本|xx){1,12}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  );
  fc.assert(
    fc.property(word, (text) => {
      expect(bytePairs(text, vocabulary)).toEqual(bytePairsByLoops(text, vocabulary));
    }),
    { numRuns: 1000 },
  );
});
