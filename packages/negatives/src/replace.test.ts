import { createKey, DataError, foldIn } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import { readWordNetFiles, replaceCandidates, replaceNegatives } from './index.js';

const caption = 'Two girls holding a RED apple in front of a bigger table';
const candidates = replaceCandidates(caption);
const wordsAt = (old: string) => {
  const place = candidates.find(({ start, end }) => caption.slice(start, end) === old);
  return place?.replacements.map(({ text }) => text) ?? [];
};

describe('replaceCandidates', () => {
  it('inflects and capitalises new words like the old ones', () => {
    expect(wordsAt('girls')).toEqual(expect.arrayContaining(['boys', 'men', 'children', 'wives']));
    expect(wordsAt('holding')).toEqual(expect.arrayContaining(['getting', 'asking']));
    expect(wordsAt('RED')).toEqual(expect.arrayContaining(['BLUE', 'GREEN', 'WHITE']));
    expect(wordsAt('bigger')).toEqual(expect.arrayContaining(['smaller']));
    expect(wordsAt('apple')).toEqual(expect.arrayContaining(['pear', 'peach', 'cherry']));
  });

  it('takes a preposition of several words for one', () => {
    expect(wordsAt('in front of')).toEqual(expect.arrayContaining(['on', 'under', 'without', 'on top of']));
    expect(wordsAt('in front of')).not.toContain('in front of');
    expect(candidates.map(({ start, end }) => caption.slice(start, end))).not.toContain('front');
  });

  it('gives no synonym, and weighs colours as often as they are met', () => {
    expect(wordsAt('RED')).not.toContain('CRIMSON');
    const colours = candidates.find(({ start, end }) => caption.slice(start, end) === 'RED')!.replacements;
    const weight = (text: string) => colours.find((colour) => colour.text === text)!.weight;
    expect(weight('WHITE')).toBeGreaterThan(weight('PURPLE'));
    expect(weight('PURPLE')).toBeGreaterThan(weight('MAUVE'));
  });
});

describe('replaceNegatives', () => {
  const { generate } = replaceNegatives();

  it('changes one place and nothing else', () => {
    for (let i = 0; i < 100; i++) {
      const [negative] = generate(caption, foldIn(createKey(1), i));
      const places = candidates.filter(
        ({ start, end }) => negative!.startsWith(caption.slice(0, start)) && negative!.endsWith(caption.slice(end)),
      );
      const fits = places.some(({ start, end, replacements }) =>
        replacements.some(({ text }) => negative === caption.slice(0, start) + text + caption.slice(end)),
      );
      expect(fits, negative!).toBe(true);
    }
  });

  it('draws words in proportion to their weights', () => {
    const scene = 'a cat on a mat'; // places: cat, mat, on
    const { start, end, replacements } = replaceCandidates(scene)[2]!;
    expect(scene.slice(start, end)).toBe('on');
    const sum = replacements.reduce((total, { weight }) => total + weight, 0);
    const drawn = Array.from({ length: 4000 }, (_, i) => generate(scene, foldIn(createKey(2), i))[0]);
    const prepositions = drawn.filter((text) => /^a cat .* a mat$/.test(text!) && text !== scene);
    expect(Math.abs(prepositions.length / 4000 - 1 / 3)).toBeLessThan(0.03);
    const share = replacements.find(({ text }) => text === 'of')!.weight / sum;
    const drawnShare = prepositions.filter((text) => text === 'a cat of a mat').length / prepositions.length;
    expect(Math.abs(drawnShare - share)).toBeLessThan(0.05); // the second draw of a place is a little flatter
  });

  it('draws up to two different words of a place before it chooses: of two words each is as likely, whatever its weight', () => {
    const scene = 'the left hand of a man';
    const left = replaceCandidates(scene).find(({ start, end }) => scene.slice(start, end) === 'left')!;
    expect(left.replacements).toEqual([
      { text: 'right', weight: 40 },
      { text: 'center', weight: 1 },
    ]);
    const drawn = Array.from({ length: 4000 }, (_, i) => generate(scene, foldIn(createKey(4), i))[0]);
    const count = (text: string) => drawn.filter((negative) => negative === scene.replace('left', text)).length;
    expect(count('right') + count('center')).toBeGreaterThan(600);
    expect(Math.abs(count('right') / (count('right') + count('center')) - 0.5)).toBeLessThan(0.06);
  });

  it('needs two entities', () => {
    expect(generate('a red apple', createKey(0))).toEqual([null]);
    expect(generate('', createKey(0))).toEqual([null]);
  });

  it('takes files of WordNet that are in memory', () => {
    const shared = replaceNegatives({ wordNetFiles: readWordNetFiles() });
    expect(shared.generate(caption, createKey(3))).toEqual(generate(caption, createKey(3)));
  });

  it('says which file is missing', () => {
    expect(() => readWordNetFiles('/no/such/folder')).toThrow(DataError);
    expect(() => readWordNetFiles('/no/such/folder')).toThrow(
      'readWordNetFiles: `folder` must hold the WordNet database files, got /no/such/folder/index.noun: ENOENT',
    );
  });
});
