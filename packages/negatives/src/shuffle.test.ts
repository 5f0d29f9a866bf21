import { createKey, foldIn, OptionError } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import { ngramShuffle, shuffleCandidates } from './index.js';

describe('ngramShuffle', () => {
  it('gives every order of the groups but the caption itself', () => {
    expect(shuffleCandidates('a man rides a horse', 2)!.sort()).toEqual(
      ['a man horse rides a', 'horse a man rides a', 'horse rides a a man', 'rides a a man horse', 'rides a horse a man'].sort(),
    );
    const drawn = Array.from({ length: 200 }, (_, i) => ngramShuffle(2).generate('a man rides a horse', foldIn(createKey(0), i))[0]);
    expect(new Set(drawn)).toEqual(new Set(shuffleCandidates('a man rides a horse', 2)));
  });

  it('puts a final mark that is a group of its own behind any group, or in front', () => {
    expect(shuffleCandidates('a cat here on.', 2)!.sort()).toEqual(['. here on a cat', 'here on a cat.', 'here on. a cat'].sort());
    expect(shuffleCandidates('a cat sits.', 2)).toEqual(['sits. a cat']); // here the mark has a word beside it
  });

  it('leaves a slot empty where no order says something else', () => {
    for (const caption of ['', '   ', 'dog', 'dog.', 'cat cat', 'a cat'])
      expect(ngramShuffle(2).generate(caption, createKey(0))).toEqual([null]);
  });

  it('names its slot by n, and refuses an n out of range', () => {
    expect(ngramShuffle(3).types).toEqual(['shuffle3']);
    for (const n of [0, 6, 1.5]) expect(() => ngramShuffle(n)).toThrow(OptionError);
    expect(() => ngramShuffle(0)).toThrow('ngramShuffle: `n` must be an integer from 1 to 5, got 0');
  });

  it('lists no candidates where there are too many', () => {
    expect(shuffleCandidates('one two three four five six seven eight', 1)).toBeUndefined();
  });

  it('leaves what is beyond 77 tokens where it is', () => {
    const words = Array.from({ length: 100 }, (_, i) => `w${i}`);
    const [negative] = ngramShuffle(1).generate(words.join(' '), createKey(0));
    expect(negative!.split(' ').slice(77)).toEqual(words.slice(77));
    expect(negative!.split(' ').slice(0, 77).sort()).toEqual(words.slice(0, 77).sort());
  });
});
