import { DataError } from '@fsc-clip/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textOnlyBaseline } from './index.js';

test('by hand: one training caption', () => {
  // 'a b' gives start→a, a→b, b→end. V = {a, b, end, unknown} = 4, so P = 2/5 where seen, 1/5 where not, 1/4 after an unseen word.
  // 'a b': (2/5)³ = 0.064. 'b a': start→b 1/5, b→a 1/5, a→end 1/5 = 0.008. 'c': start→unknown 1/5, unknown→end 1/4 = 0.05.
  const prefers = (caption: string, foil: string) => textOnlyBaseline([{ caption, foil }], ['a b']).value;
  expect(prefers('a b', 'b a')).toBe(1);
  expect(prefers('a b', 'c')).toBe(1);
  expect(prefers('b a', 'c')).toBe(0);
  expect(prefers('A, b!', 'b a')).toBe(1);
  expect(prefers('c', 'd')).toBe(0.5);
});

test('counter-captions are blind to it: exactly one half', () => {
  const word = fc.constantFrom('a', 'cat', 'dog', 'on', 'the', 'mat', 'zebra');
  const caption = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(fc.array(fc.tuple(caption, caption), { minLength: 1, maxLength: 8 }), (pairs) => {
      const both = pairs.flatMap(([a, b]) => [
        { caption: a, foil: b },
        { caption: b, foil: a },
      ]);
      expect(textOnlyBaseline(both, ['a cat on the mat', 'a dog on the mat']).value).toBe(0.5);
    }),
  );
});

test('it finds foils that no one would write', () => {
  const training = ['a cat on a mat', 'a dog on a sofa', 'a bird on a branch'];
  const pairs = training.map((caption) => ({ caption, foil: caption.split(' ').reverse().join(' ') }));
  expect(textOnlyBaseline(pairs, training).value).toBe(1);
});

test('refuses to guess without pairs or captions', () => {
  expect(() => textOnlyBaseline([], ['a'])).toThrow(DataError);
  expect(() => textOnlyBaseline([{ caption: 'a', foil: 'b' }], [])).toThrow('`trainingCaptions` must hold at least one caption');
});
