import { describe, expect, it } from 'vitest';
import { copyCase, inflect } from './inflect.js';

describe('inflect', () => {
  it.each([
    ['dog', 'NNS', 'dogs'],
    ['fireman', 'NNS', 'firemen'],
    ['child', 'NNS', 'children'],
    ['knife', 'NNS', 'knives'],
    ['ride', 'VBG', 'riding'],
    ['panic', 'VBG', 'panicking'],
    ['lie', 'VBG', 'lying'],
    ['sit', 'VBD', 'sat'],
    ['lie', 'VBD', 'lay'],
    ['wear', 'VBN', 'worn'],
    ['carry', 'VBZ', 'carries'],
    ['big', 'JJR', 'bigger'],
    ['happy', 'JJS', 'happiest'],
    ['essential', 'JJR', 'essential'],
    ['sit down', 'VBG', 'sit down'],
    ['white', 'JJ', 'white'],
  ] as const)('%s as %s is %s', (lemma, tag, form) => {
    expect(inflect(lemma, tag)).toBe(form);
  });
});

describe('copyCase', () => {
  it('copies capitals', () => {
    expect(copyCase('old man', 'GUY')).toBe('OLD MAN');
    expect(copyCase('old man', 'Guy')).toBe('Old Man');
    expect(copyCase('American', 'guy')).toBe('American');
    expect(copyCase('dog', '2')).toBe('dog');
  });
});
