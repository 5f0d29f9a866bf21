import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, createKey, DataError, type HostArray, OptionError, ShapeError } from '@fsc-clip/core';
import { fixturesDir } from '@fsc-clip/testdata';
import { describe, expect, it } from 'vitest';
import { type BatchesOptions, batches } from './batches.js';
import { decodeImage, openImage } from './decode-image.js';
import { evalTransform } from './eval-transform.js';
import type { RgbImage } from './image.js';
import { listedNegatives } from './listed-negatives.js';
import type { NegativeGenerator, Tokenizer } from './negative-generator.js';
import type { Sample } from './sample.js';
import { trainTransform } from './train-transform.js';

/** A token per letter; 99 ends a text. */
const tokenizer: Tokenizer = {
  contextLength: 4,
  encodeBatch: (texts) => {
    const data = new Int32Array(texts.length * 4);
    for (const [i, text] of texts.entries())
      data.set([...[...text.toLowerCase()].slice(0, 3).map((letter) => letter.charCodeAt(0) - 96), 99], i * 4);
    return { data, shape: [texts.length, 4] };
  },
};

const gray = (level: number): RgbImage => ({ data: new Uint8Array(2 * 2 * 3).fill(level), width: 2, height: 2 });
const plain = evalTransform({ size: 2, mean: [0, 0, 0], std: [1, 1, 1] });
const letters = (count: number): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ key: `s${i}`, image: gray(i), caption: String.fromCharCode(97 + i) }));

const fixtureFiles = (
  JSON.parse(readFileSync(join(fixturesDir, 'images/images.json'), 'utf8')) as { file: string; caption: string }[]
).slice(0, 14);
const pictures: Sample[] = fixtureFiles.map(({ file, caption }) => ({ key: file, image: join(fixturesDir, 'images', file), caption }));
const doubled: NegativeGenerator = {
  types: ['doubled', 'drawn'],
  generate: (caption, key) => [caption.slice(2) + caption, key[0] % 2 === 0 ? `${key[1] % 10}` : null],
};

async function collect(samples: readonly Sample[], options: Partial<BatchesOptions>): Promise<Batch<HostArray>[]> {
  const all: Batch<HostArray>[] = [];
  for await (const batch of batches(samples, { batchSize: 4, transform: trainTransform({ size: 16 }), tokenizer, ...options }))
    all.push(batch);
  return all;
}

describe('batches', () => {
  it('stacks images and lays texts out type-major, with empty slots as zeros', async () => {
    const negatives: NegativeGenerator = {
      types: ['first', 'second'],
      generate: (caption) => (caption === 'a' ? ['x', null] : ['B', 'z']), // `B` has the tokens of its own caption
    };
    const options = { batchSize: 2, transform: plain, tokenizer, negatives };
    const [batch] = await collect(letters(2), options);
    expect(batch!.keys).toEqual(['s0', 's1']);
    expect(batch!.images.shape).toEqual([2, 3, 2, 2]);
    expect([...batch!.images.data]).toEqual([...Array(12).fill(0), ...Array(12).fill(Math.fround(1 / 255))]);
    expect(batch!.texts).toEqual({
      shape: [6, 4],
      data: Int32Array.from(
        [
          [1, 99, 0, 0], // a
          [2, 99, 0, 0], // b
          [24, 99, 0, 0], // x
          [0, 0, 0, 0], // B is b
          [0, 0, 0, 0], // nothing found
          [26, 99, 0, 0], // z
        ].flat(),
      ),
    });
    expect(batch!.negativeMask).toEqual({ shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) });
  });

  it.each([0, 1])('writes later batches over those that are given back, and over no other (%i workers)', async (workers) => {
    const options = { batchSize: 2, transform: trainTransform({ size: 16 }), tokenizer, workers, prefetch: 1 };
    const loader = batches(pictures, options);
    const memory = new Set<unknown>();
    const seen: (readonly number[])[] = [];
    for await (const batch of loader) {
      memory.add(batch.images.data);
      seen.push([...batch.images.data]);
      loader.recycle(batch);
    }
    expect(seen).toHaveLength(7);
    expect(memory.size).toBeLessThan(7);
    const kept = await collect(pictures, { ...options, workers: 0 });
    expect(new Set(kept.map(({ images }) => images.data)).size).toBe(7);
    expect(kept.map(({ images }) => [...images.data])).toEqual(seen);
  });

  it('has no negatives without a generator', async () => {
    const [batch] = await collect(letters(4), { transform: plain });
    expect(batch!.texts.shape).toEqual([4, 4]);
    expect(batch!.negativeMask).toEqual({ shape: [0, 4], data: new Float32Array(0) });
  });

  it('drops the last partial batch, or keeps it', async () => {
    const sizes = async (dropLast: boolean) => (await collect(letters(6), { transform: plain, dropLast })).map(({ keys }) => keys.length);
    expect(await sizes(true)).toEqual([4]);
    expect(await sizes(false)).toEqual([4, 2]);
  });

  it('is the same for any number of workers, and another one for another epoch or key', async () => {
    const options = { negatives: doubled, shuffle: true, key: createKey(3), epoch: 1 };
    const here = await collect(pictures, { ...options, workers: 0 });
    expect(here).toHaveLength(3);
    expect(await collect(pictures, { ...options, workers: 1 })).toEqual(here);
    expect(await collect(pictures, { ...options, workers: 2, prefetch: 0 })).toEqual(here);
    expect(await collect(pictures, { ...options, epoch: 2 })).not.toEqual(here);
    expect(await collect(pictures, { ...options, key: createKey(4) })).not.toEqual(here);
  });

  it('draws by sample, not by place', async () => {
    const options = { negatives: doubled, batchSize: 1 };
    const forward = await collect(pictures, options);
    const backward = await collect([...pictures].reverse(), options);
    expect(backward.reverse()).toEqual(forward);
    const twins = ['one', 'other'].map((key) => ({ ...pictures[0]!, key }));
    const [one, other] = await collect(twins, options);
    expect(other!.images).not.toEqual(one!.images);
    expect((await collect(twins, { ...options, epoch: 1 }))[0]!.images).not.toEqual(one!.images);
  });

  it('takes paths, bytes, pixels and functions, here and in workers', async () => {
    const file = join(fixturesDir, 'images', fixtureFiles[0]!.file);
    const bytes = readFileSync(file);
    const within = new Uint8Array(bytes.length + 20);
    within.set(bytes, 10);
    const pixels = gray(7);
    const images = [file, bytes, within.subarray(10, 10 + bytes.length), pixels, () => pixels, async () => pixels];
    const samples = images.map((image) => ({ key: 'same', image, caption: 'a' }));
    const options = { transform: trainTransform({ size: 8 }), batchSize: 6 };
    const [here] = await collect(samples, { ...options, workers: 0 });
    const [there] = await collect(samples, { ...options, workers: 1 });
    expect(there).toEqual(here);
    const image = (i: number) => here!.images.data.slice(i * 192, (i + 1) * 192);
    expect([image(1), image(2)]).toEqual([image(0), image(0)]);
    expect([image(4), image(5)]).toEqual([image(3), image(3)]);
    expect([pixels.data.length, within.length]).toEqual([12, bytes.length + 20]); // still the caller's: copied, not transferred
  });

  it('resizes in the mode of the file, or in RGB', async () => {
    const transform = evalTransform({ size: 16 });
    const options = { batchSize: pictures.length, transform, workers: 1 };
    const [opened] = await collect(pictures, { ...options, colourOrder: 'asOpened' });
    const [rgb] = await collect(pictures, options);
    const row = (batch: Batch<HostArray>, i: number) => batch.images.data.slice(i * 768, (i + 1) * 768);
    for (const [i, { image }] of pictures.entries()) {
      expect(row(opened!, i)).toEqual(transform(await openImage(image as string)).data);
      expect(row(rgb!, i)).toEqual(transform(await decodeImage(image as string)).data);
    }
    expect(opened).not.toEqual(rgb); // some have a palette or alpha
  });

  it('resumes where it stopped', async () => {
    const options = { negatives: doubled, shuffle: true, batchSize: 3 };
    const whole = await collect(pictures, options);
    expect(await collect(pictures, { ...options, skipBatches: 2 })).toEqual(whole.slice(2));
    const broken = [{ ...pictures[0]!, key: 'ghost', image: '/nowhere.jpg' }, ...pictures];
    const around = { ...options, onError: () => {} };
    expect(await collect(broken, { ...around, skipBatches: 2 })).toEqual((await collect(broken, around)).slice(2));
  });

  it('loads nothing to skip it', async () => {
    const loaded: string[] = [];
    const samples = letters(6).map((sample) => ({ ...sample, image: () => gray(loaded.push(sample.key)) }));
    await collect(samples, { transform: plain, batchSize: 2, skipBatches: 2 });
    expect(loaded).toEqual(['s4', 's5']);
  });
});

describe('errors', () => {
  const truncated = join(fixturesDir, 'images/special/truncated.jpg');
  const withBroken: Sample[] = [pictures[0]!, { key: 'broken', image: truncated, caption: 'a' }, ...pictures.slice(1, 8)];

  it.each([0, 1])('name the file (%i workers)', async (workers) => {
    const failed = collect(withBroken, { workers });
    await expect(failed).rejects.toBeInstanceOf(DataError);
    await expect(failed).rejects.toThrow('special/truncated.jpg` must be a whole JPEG, PNG, WebP or GIF file');
  });

  it.each([0, 2])('leave a sample out when a handler says so, and count it (%i workers)', async (workers) => {
    const told: string[] = [];
    const options = { batchSize: 4, transform: trainTransform({ size: 16 }), tokenizer, workers };
    const loader = batches(withBroken, { ...options, onError: (error) => told.push(error.detail.argument) });
    const keys: string[] = [];
    for await (const batch of loader) keys.push(...batch.keys);
    expect(keys).toEqual(pictures.slice(0, 8).map(({ key }) => key));
    expect(told).toEqual([truncated]);
    expect(loader.stats).toEqual({ batches: 2, samples: 8, skipped: 1 });
  });

  it('come after the batches before them', async () => {
    async function* source() {
      yield* letters(5);
      throw new Error('the shard ends here');
    }
    const keys: string[] = [];
    const read = async () => {
      for await (const batch of batches(source(), { batchSize: 2, transform: plain, tokenizer, workers: 0 })) keys.push(...batch.keys);
    };
    await expect(read()).rejects.toThrow('the shard ends here');
    expect(keys).toEqual(['s0', 's1', 's2', 's3']);
  });

  it('of an image function or of pixels name the sample', async () => {
    const fail = (image: Sample['image']) => collect([{ key: 'scene 7', image, caption: 'a' }], { batchSize: 1, transform: plain });
    await expect(fail(() => Promise.reject(new Error('out of ink')))).rejects.toThrow(
      '`scene 7` must have an image function that returns pixels, got out of ink',
    );
    await expect(fail({ ...gray(1), width: 3 })).rejects.toThrow('`scene 7` must be RGB pixels');
  });

  it('of options are thrown at the call', () => {
    const options = { batchSize: 2, transform: plain, tokenizer };
    async function* stream() {}
    const call =
      (change: object, samples: Iterable<Sample> | AsyncIterable<Sample> = []) =>
      () =>
        batches(samples, { ...options, ...change });
    expect(call({ batchSize: 0 })).toThrow(OptionError);
    expect(call({ skipBatches: -1 })).toThrow('`skipBatches` must be an integer of at least 0, got -1');
    expect(call({ shuffle: true }, stream())).toThrow('`shuffle` must be false unless the samples are an array');
    expect(call({ transform: () => ({ data: new Float32Array(3), shape: [3, 1, 1] }), workers: 1 })).toThrow('Set workers: 0');
  });

  it('of a transform or a generator of your own say what they returned', async () => {
    const odd = (image: { data: Uint8Array }) => ({ data: new Float32Array(3 + image.data[0]!), shape: [3 + image.data[0]!] });
    await expect(collect(letters(4), { transform: odd })).rejects.toThrow(ShapeError);
    const short = { types: ['one', 'two'], generate: () => ['x'] };
    await expect(collect(letters(4), { transform: plain, negatives: short })).rejects.toThrow(
      'must return one text or null for each of its 2 types, got 1 for s0',
    );
  });
});

describe('leaving the loop', () => {
  const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

  it('ends the threads and the source', async () => {
    const before = threads();
    let closed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) yield { ...pictures[i % pictures.length]!, key: String(i) };
      } finally {
        closed = true;
      }
    }
    for await (const batch of batches(source(), { batchSize: 2, transform: trainTransform({ size: 16 }), tokenizer, workers: 2 })) {
      expect(batch.keys).toEqual(['0', '1']);
      expect(threads()).toBeGreaterThan(before);
      break;
    }
    expect(closed).toBe(true);
    expect(threads()).toBe(before);
  });
});

describe('listedNegatives', () => {
  it('draws without repetition and leaves slots empty', async () => {
    const generator = listedNegatives(3);
    const sample = { key: 'a', image: gray(0), caption: 'a', negatives: ['x', 'y'] };
    const slots = await generator.generate('a', createKey(1), sample);
    expect(slots.slice(0, 2).toSorted()).toEqual(['x', 'y']);
    expect(slots[2]).toBeNull();
    expect(await generator.generate('a', createKey(1), sample)).toEqual(slots);
    const firsts = await Promise.all(
      Array.from({ length: 20 }, async (_, seed) => (await generator.generate('a', createKey(seed), sample))[0]),
    );
    expect(new Set(firsts)).toEqual(new Set(['x', 'y']));
  });
});
