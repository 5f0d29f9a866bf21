import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataError, OptionError } from '@fsc-clip/core';
import { afterAll, describe, expect, it } from 'vitest';
import { readCaptionTable } from './caption-table.js';
import { readImageFolder } from './image-folder.js';
import type { Sample } from './sample.js';

const folder = mkdtempSync(join(tmpdir(), 'fsc-clip-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const collect = async (samples: AsyncIterable<Sample>) => {
  const all: Sample[] = [];
  for await (const sample of samples) all.push(sample);
  return all;
};

describe('readCaptionTable', () => {
  it('takes paths from the folder of the table', async () => {
    const path = file('table.csv', 'filepath,title\na.jpg,"one, two"\nsub/b.jpg,"three\nfour"\n');
    expect(await collect(readCaptionTable(path))).toEqual([
      { key: 'a.jpg#1', image: join(folder, 'a.jpg'), caption: 'one, two' },
      { key: 'sub/b.jpg#2', image: join(folder, 'sub/b.jpg'), caption: 'three\nfour' },
    ]);
  });

  it.each(['../secret.jpg', '/etc/passwd', 'a/../../b.jpg', ''])('refuses the path %j', async (cell) => {
    const path = file('escape.tsv', `filepath\ttitle\n${cell}\ta cat\nb.jpg\ta dog\n`);
    await expect(collect(readCaptionTable(path))).rejects.toThrow('row 1` must have a path below');
    const told: DataError[] = [];
    expect(await collect(readCaptionTable(path, { onError: (error) => told.push(error) }))).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  it('allows absolute paths below the root', async () => {
    const path = file('absolute.tsv', 'filepath\ttitle\n/data/a.jpg\ta cat\n');
    expect((await collect(readCaptionTable(path, { root: '/' })))[0]!.image).toBe('/data/a.jpg');
  });

  it('bounds a row', async () => {
    const path = file('long.tsv', `filepath\ttitle\na.jpg\t"${'x'.repeat(3 << 20)}`);
    await expect(collect(readCaptionTable(path))).rejects.toThrow(/long.tsv` must be a table of rows, got Max Record Size/);
  });

  it('says what cannot be read', async () => {
    expect(() => readCaptionTable('table.parquet')).toThrow(OptionError);
    expect(() => readCaptionTable('table.csv', { separator: ';;' })).toThrow('`separator` must be one character, got ";;"');
    await expect(collect(readCaptionTable('/nowhere/table.csv'))).rejects.toThrow(
      '`/nowhere/table.csv` must be a file that can be read, got ENOENT',
    );
  });

  it('can be left', async () => {
    const path = file('many.tsv', `filepath\ttitle\n${'a.jpg\ta cat\n'.repeat(50_000)}`);
    for await (const { key } of readCaptionTable(path)) {
      expect(key).toBe('a.jpg#1');
      break;
    }
  });
});

describe('readImageFolder', () => {
  file('pictures/b/a_black_cat.JPG', '');
  file('pictures/b/a_black_cat.txt', ' a cat, black\n');
  file('pictures/a.png', '');
  file('pictures/notes.md', '');

  it('is sorted and takes captions from names', async () => {
    const samples = await collect(readImageFolder(join(folder, 'pictures'), { captions: 'fileName' }));
    expect(samples).toEqual([
      { key: 'a.png', image: join(folder, 'pictures/a.png'), caption: 'a' },
      { key: join('b', 'a_black_cat.JPG'), image: join(folder, 'pictures/b/a_black_cat.JPG'), caption: 'a black cat' },
    ]);
  });

  it('takes captions from files beside the pictures, and reports missing ones', async () => {
    const pictures = join(folder, 'pictures');
    await expect(collect(readImageFolder(pictures))).rejects.toThrow('a.png` must have a caption in a .txt file beside it, got ENOENT');
    const told: DataError[] = [];
    const samples = await collect(readImageFolder(pictures, { onError: (error) => told.push(error) }));
    expect(samples.map(({ caption }) => caption)).toEqual(['a cat, black']);
    expect(told).toHaveLength(1);
    await expect(collect(readImageFolder('/nowhere'))).rejects.toThrow('`/nowhere` must be a folder that can be read');
  });
});
