import { describe, expect, it } from 'vitest';
import { baseForms } from './base-forms.js';
import { readWordNetFiles } from './files.js';
import { findLine } from './sorted-lines.js';
import { createWordNet } from './wordnet.js';

const files = readWordNetFiles();
const wordNet = createWordNet(files);

describe('WordNet', () => {
  it('finds the senses of a word, commonest first, with counts and relations', () => {
    const [dog] = wordNet.synsets('dog', 'n');
    expect(dog!.words).toEqual(['dog', 'domestic_dog', 'Canis_familiaris']);
    expect(dog!.counts[0]).toBe(42);
    expect(dog!.hypernyms.map((id) => wordNet.synset(id).words[0])).toContain('canine');
    const [big] = wordNet.synsets('big', 'a');
    expect(wordNet.synset(big!.antonyms.at(-1)!.synset).words).toContain('little');
  });

  it('finds the first and the last word of every index, and every hundredth', () => {
    for (const [name, wordClass] of [
      ['noun', 'n'],
      ['verb', 'v'],
      ['adj', 'a'],
      ['adv', 'r'],
    ] as const) {
      const lemmas = Buffer.from(files[`index.${name}`])
        .toString('latin1')
        .split('\n')
        .filter((line) => /^\S/.test(line))
        .map((line) => line.slice(0, line.indexOf(' ')));
      const sample = lemmas.filter((_, i) => i % 100 === 0 || i === lemmas.length - 1);
      expect(sample.length).toBeGreaterThan(40);
      expect(sample.filter((lemma) => !wordNet.has(lemma, wordClass))).toEqual([]);
    }
    expect(wordNet.has('zzzz', 'n')).toBe(false);
    expect(wordNet.has('', 'n')).toBe(false);
    expect(wordNet.has('__proto__', 'n')).toBe(false);
  });

  it('finds lines at both ends of a file, and none in an empty one', () => {
    const bytes = new TextEncoder().encode('a 1\nab 2\nb 3');
    expect(['a', 'ab', 'b', 'aa', 'c', '0'].map((key) => findLine(bytes, key))).toEqual([
      'a 1',
      'ab 2',
      'b 3',
      undefined,
      undefined,
      undefined,
    ]);
    expect(findLine(new Uint8Array(0), 'a')).toBeUndefined();
  });

  it('knows base forms', () => {
    expect(baseForms('glasses', 'n', wordNet)).toEqual(['glasses', 'glass']);
    expect(baseForms('Children', 'n', wordNet)).toContain('child');
    expect(baseForms('sitting', 'v', wordNet)).toContain('sit');
    expect(baseForms('sat', 'v', wordNet)).toContain('sit');
    expect(baseForms('riding', 'v', wordNet)).toContain('ride');
    expect(baseForms('bigger', 'a', wordNet)).toContain('big');
  });
});
