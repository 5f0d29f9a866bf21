import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, foldIn } from '@fsc-clip/core';
import { goldenDir } from '@fsc-clip/testdata';
import { describe, expect, it } from 'vitest';
import {
  fscClip,
  type NegativeGenerator,
  ngramShuffle,
  replaceCandidates,
  replaceNegatives,
  shuffleCandidates,
  swapCandidates,
  swapNegatives,
} from './index.js';

/** What the reference's generators give (README there). Another folder of the same layout: NEGATIVES_DIR. */
const folder = process.env['NEGATIVES_DIR'] ?? join(goldenDir, 'negatives');

function readLines<T>(name: string): T[] {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);
  if (lines.length === 0) throw new Error(`${join(folder, name)} holds no case`);
  return lines.map((line) => JSON.parse(line) as T);
}

interface Shuffle {
  readonly feasible: boolean;
  readonly blocks?: readonly string[];
  /** The final mark, when it is a block of its own. */
  readonly punct?: string | null;
  readonly candidates?: readonly string[];
}

interface ReferenceRecord {
  readonly id: string;
  readonly caption: string;
  readonly negclip: { readonly candidates: readonly { readonly text: string }[] };
  readonly replace: { readonly gate: boolean; readonly elements: readonly (readonly [number, number, number, string, string])[] };
  readonly ngram_shuffle_1: Shuffle;
  readonly ngram_shuffle_2: Shuffle;
  readonly ngram_shuffle_3: Shuffle;
}

interface NastyCaption {
  readonly id: string;
  readonly category: string;
  readonly caption: string;
  readonly expect: Readonly<Record<string, string>>;
}

const records = readLines<ReferenceRecord>('records.jsonl');
const nasty = readLines<NastyCaption>('nasty.jsonl');

/** Shares of the reference's texts that are ours, and of ours that are the reference's. */
function agreement(pairs: Iterable<readonly [ours: readonly string[], theirs: readonly string[]]>) {
  let common = 0;
  let ours = 0;
  let theirs = 0;
  for (const [mine, reference] of pairs) {
    const known = new Set(reference);
    common += mine.filter((text) => known.has(text)).length;
    ours += mine.length;
    theirs += known.size;
  }
  return { recall: common / theirs, precision: common / ours, ours, theirs };
}

const shown = ({ recall, precision, ours, theirs }: ReturnType<typeof agreement>) =>
  `recall ${(100 * recall).toFixed(1)} % of ${theirs}, precision ${(100 * precision).toFixed(1)} % of ${ours}`;

describe(`parity with the reference over ${records.length} captions`, () => {
  it('knows every file of the folder', () => {
    const known = ['README.md', 'nasty.jsonl', 'records.jsonl', 'replace-all.json.gz', 'replace-tables.jsonl', 'svlc-tables.json'];
    expect(readdirSync(folder).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('swaps: at least 90 % of its texts', () => {
    const swaps = agreement(
      records.map(({ caption, negclip }) => [swapCandidates(caption), negclip.candidates.map(({ text }) => text)] as const),
    );
    console.log(`swap: ${shown(swaps)}`);
    expect(swaps.theirs).toBeGreaterThan(0);
    expect(swaps.recall).toBeGreaterThan(0.9);
    expect(swaps.precision).toBeGreaterThan(0.85);
  });

  it('has a swap where the reference has one', () => {
    const swappable = records.filter(({ negclip }) => negclip.candidates.length > 0);
    const covered = swappable.filter(({ caption }) => swapCandidates(caption).length > 0);
    console.log(`swap: a candidate for ${covered.length} of the ${swappable.length} captions that the reference swaps`);
    expect(covered.length / swappable.length).toBeGreaterThan(0.98);
  });

  it.each([1, 2, 3] as const)('shuffles the same groups of %i', (n) => {
    const same = records.filter(({ caption, [`ngram_shuffle_${n}` as const]: { feasible, blocks = [], punct } }) => {
      const [text] = ngramShuffle(n).generate(caption, createKey(0));
      if (!feasible) return text === null;
      if (text === null || text === undefined) return false;
      const mark = punct == null ? 0 : punct.length + (text.startsWith(`${punct} `) ? 1 : 0);
      return blocks.every((block) => text.includes(block)) && text.length === blocks.join(' ').length + mark;
    });
    console.log(`shuffle${n}: groups of the reference in ${same.length} of ${records.length} captions`);
    expect(same.length / records.length).toBeGreaterThan(0.98);
  });

  it('shuffles into its very texts, where they are listed', () => {
    const listed = records.flatMap(({ caption, ...record }) =>
      ([1, 2, 3] as const).flatMap((n) => {
        const theirs = record[`ngram_shuffle_${n}`].candidates;
        return theirs === undefined ? [] : [[shuffleCandidates(caption, n) ?? [], theirs] as const];
      }),
    );
    expect(listed.length).toBeGreaterThan(0);
    const shuffles = agreement(listed);
    console.log(`shuffle: ${shown(shuffles)}`);
    expect(shuffles.recall).toBeGreaterThan(0.97);
    expect(shuffles.precision).toBeGreaterThan(0.97);
  });

  it('replaces in the places where the reference does', () => {
    const place = (start: number, end: number) => `${start}-${end}`;
    // Determiners, numbers, pronouns and auxiliaries are places without words there.
    const worded = records.map(({ caption, replace }) => {
      const theirs = replace.gate
        ? replace.elements.filter(([, , , key]) => !/\|(?:DET|NUM|AUX|X|r)\||\|(?:PRP|DT|WDT|WP)\|/.test(key))
        : [];
      const ours = replaceCandidates(caption).filter(({ replacements }) => replacements.length > 0);
      return [ours.map(({ start, end }) => place(start, end)), theirs.map(([start, end]) => place(start, end))] as const;
    });
    const places = agreement(worded);
    console.log(`replace: places: ${shown(places)}`);
    expect(places.recall).toBeGreaterThan(0.85);
    expect(places.precision).toBeGreaterThan(0.85);
  });

  it('replaces where the reference does, and seldom where its scene graph is too small', () => {
    const open = records.filter(({ replace }) => replace.gate);
    const covered = open.filter(({ caption }) => replaceNegatives().generate(caption, createKey(0))[0] !== null);
    console.log(`replace: a negative for ${covered.length} of the ${open.length} captions that the reference replaces in`);
    expect(covered.length / open.length).toBeGreaterThan(0.97);
  });
});

describe('captions that break things', () => {
  const generators: Readonly<Record<string, readonly NegativeGenerator[]>> = {
    swap: [swapNegatives()],
    replace: [replaceNegatives()],
    shuffle: [ngramShuffle(1), ngramShuffle(2), ngramShuffle(3)],
  };
  const words = (text: string) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
  const loneSurrogates = (text: string) => (text.match(/\p{Surrogate}/gu) ?? []).length;

  it.each(nasty.map(({ id, category, ...rest }) => [`${id} ${category}`, rest] as const))('%s', (_, { caption, expect: rules }) => {
    for (const [kind, rule] of Object.entries(rules)) {
      expect(['none', 'any']).toContain(rule);
      expect(Object.keys(generators)).toContain(kind);
      for (const generator of generators[kind]!) {
        for (let seed = 0; seed < 3; seed++) {
          const [negative] = generator.generate(caption, createKey(seed));
          expect(generator.generate(caption, createKey(seed))).toEqual([negative]);
          if (rule === 'none') expect(negative).toBeNull();
          if (negative === null || negative === undefined) continue;
          expect(words(negative)).not.toBe(words(caption.normalize('NFC')));
          expect(loneSurrogates(negative)).toBeLessThanOrEqual(loneSurrogates(caption));
        }
      }
    }
  });

  it('moves pieces in a swap and changes none', () => {
    // A swap moves pieces about: the characters stay the same ones.
    const characters = (text: string) => [...text].sort().join('');
    for (const { caption } of nasty) {
      const text = caption.normalize('NFC');
      for (const swap of swapCandidates(caption)) expect(characters(swap)).toBe(characters(text));
    }
  });

  it('gives the same negatives with other captions before and in between', () => {
    const generator = fscClip();
    const key = (i: number) => foldIn(createKey(5), 1, `sample ${i}`);
    const forward = nasty.map(({ caption }, i) => generator.generate(caption, key(i)));
    const backward = nasty.map((_, i) => nasty.length - 1 - i).map((i) => [i, fscClip().generate(nasty[i]!.caption, key(i))] as const);
    for (const [i, negatives] of backward) expect(negatives).toEqual(forward[i]);
  });
});
