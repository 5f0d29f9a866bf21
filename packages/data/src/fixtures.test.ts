import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataError } from '@fsc-clip/core';
import { fixturesDir } from '@fsc-clip/testdata';
import { describe, expect, it } from 'vitest';
import { type CaptionTableOptions, readCaptionTable } from './caption-table.js';
import { decodeImage, openImage } from './decode-image.js';
import { fitToSize } from './eval-transform.js';
import { readNegclipTable } from './negclip-table.js';
import type { Sample } from './sample.js';

interface ImageFixture {
  file: string;
  mode: string;
  width: number;
  height: number;
  rgbSha256: string;
  error?: string;
  [hash: `eval${number}Sha256` | `rgbFirstEval${number}Sha256`]: string;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe.each(['images.json', 'special.json'])('images/%s', (index) => {
  const folder = join(fixturesDir, 'images');
  const fixtures = JSON.parse(readFileSync(join(folder, index), 'utf8')) as ImageFixture[];

  it('lists pictures', () => expect(fixtures.length).toBeGreaterThan(0));

  it.each(fixtures.map((fixture) => [fixture.file, fixture] as const))('%s', async (file, fixture) => {
    const path = join(folder, file);
    if (fixture.error !== undefined) {
      await expect(decodeImage(path)).rejects.toThrow(file);
      await expect(openImage(path)).rejects.toThrow(file);
      return;
    }
    const rgb = await decodeImage(path);
    const opened = await openImage(path);
    expect([rgb.width, rgb.height]).toEqual([fixture.width, fixture.height]);
    if (fixture.mode === 'I;16') return; // Pillow clips 16 bits at 255, libvips divides by 256
    expect(sha256(rgb.data)).toBe(fixture.rgbSha256);
    const evals = Object.entries(fixture).flatMap(([name, hash]) => {
      const [, how, size] = /^(eval|rgbFirstEval)(\d+)Sha256$/.exec(name) ?? [];
      return size === undefined ? [] : [{ name, hash, image: how === 'eval' ? opened : rgb, size: Number(size) }];
    });
    expect(evals.length).toBeGreaterThan(0);
    for (const { name, hash, image, size } of evals) expect(sha256(fitToSize({ size })(image).data), name).toBe(hash);
  });
});

interface CaptionOracle {
  negclip: { title: string; filepath: string; negatives: string[] }[];
  generic: { filepath: string; title: string }[];
  genericBomCrlf: { filepath: string; title: string }[];
  broken: Record<string, { pandas?: { columns: string[]; rows: string[][]; error?: string } }>;
}

describe('captions', () => {
  const folder = join(fixturesDir, 'captions');
  const oracle = JSON.parse(readFileSync(join(folder, 'oracle.json'), 'utf8')) as CaptionOracle;
  const root = join(folder, 'coco/images');
  const collect = async (samples: AsyncIterable<Sample>) => {
    const all: Sample[] = [];
    for await (const sample of samples) all.push(sample);
    return all;
  };
  const expected = (rows: { filepath: string; title: string }[]) => rows.map(({ filepath, title }) => [join(root, filepath), title]);

  it.each<[string, keyof CaptionOracle & `generic${string}`, CaptionTableOptions]>([
    ['generic.tsv', 'generic', {}],
    ['generic.csv', 'generic', { imageColumn: 'image', captionColumn: 'text' }],
    ['generic-bom-crlf.csv', 'genericBomCrlf', {}],
  ])('%s', async (file, name, options) => {
    const samples = await collect(readCaptionTable(join(folder, file), { ...options, root }));
    expect(samples.map(({ image, caption }) => [image, caption])).toEqual(expected(oracle[name]));
    expect(samples.length).toBeGreaterThan(0);
    await Promise.all(samples.map(({ image }) => decodeImage(image as string)));
  });

  it('negclip.tsv', async () => {
    const samples = await collect(readNegclipTable(join(folder, 'negclip.tsv'), { root }));
    expect(samples.map(({ caption, negatives }) => ({ caption, negatives }))).toEqual(
      oracle.negclip.map(({ title, negatives }) => ({ caption: title, negatives })),
    );
    await Promise.all(samples.map(({ image }) => decodeImage(image as string)));
  });

  // What is left of each broken table, and what is said about the rest; a row that pandas would shift or fill up is broken here.
  const broken: Record<string, { captions?: string[]; errors: RegExp[]; fatal?: boolean }> = {
    'missing-column.tsv': { errors: [/must have a column `title`, got the columns `filepath`, `caption`/], fatal: true },
    'short-row.tsv': { captions: ['a cat', 'a dog'], errors: [/short-row\.tsv row 2` must have 2 cells, got 1/] },
    'long-row.tsv': { captions: ['a dog'], errors: [/long-row\.tsv row 1` must have 2 cells, got 3/] },
    'unclosed-quote.tsv': { captions: [], errors: [/Quote Not Closed/] },
    'stray-quote.tsv': { captions: ['a 5" cat', 'a dog'], errors: [] },
    'missing-file.tsv': { captions: ['a cat', 'a ghost'], errors: [] },
    'empty-caption.tsv': { captions: ['a dog'], errors: [/row 1` must have a caption in `title`/] },
    'header-only.tsv': { captions: [], errors: [] },
    'empty.tsv': { errors: [/must have a header row/], fatal: true },
    'negclip-bad-list.tsv': { captions: ['a cow'], errors: [/row 1` must have a list of strings in `neg_caption`, got \['a dog'/] },
    'negclip-code.tsv': { captions: [], errors: [/must have a list of strings in `neg_caption`, got __import__/] },
  };

  it.each(readdirSync(join(folder, 'broken')).filter((file) => file.endsWith('.tsv')))('broken/%s', async (file) => {
    const { captions, errors, fatal } = broken[file] ?? { errors: [] };
    expect(Object.keys(oracle.broken)).toContain(file);
    expect(broken, 'a broken table that nothing is said about').toHaveProperty([file]);
    const path = join(folder, 'broken', file);
    const read = (onError: 'throw' | ((error: DataError) => void)) =>
      collect(file.startsWith('negclip') ? readNegclipTable(path, { root, onError }) : readCaptionTable(path, { root, onError }));
    if (errors.length > 0) await expect(read('throw')).rejects.toThrow(errors[0]);
    if (fatal) return;
    const told: string[] = [];
    const samples = await read((error) => told.push(error.message));
    expect(samples.map(({ caption }) => caption)).toEqual(captions);
    expect(told).toHaveLength(errors.length);
    for (const [i, error] of errors.entries()) expect(told[i]).toMatch(error);
  });
});
