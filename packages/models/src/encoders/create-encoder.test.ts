import '@tensorflow/tfjs';
import { createKey, type HostArray } from '@fsc-clip/core';
import { jit } from '@fsc-clip/engine';
import { memory, reshape, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { collectFeatures } from './collect-features.js';
import type { CompileTower, TowerInput } from './compile-encoder.js';
import { createEncoder, type EncoderText } from './create-encoder.js';

const [start, end, context] = [48, 49, 12];
const model = createModel({
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: context, vocab_size: 50, width: 12, heads: 3, layers: 2 },
});
const params = model.init(createKey(1));
const images = Array.from({ length: 7 }, (_, image) => Float32Array.from({ length: 192 }, (_, i) => Math.sin(1.7 * i + image)));
const caption = (length: number, seed: number) => [
  start,
  ...Array.from({ length: length - 2 }, (_, i) => 1 + ((7 * seed + 3 * i) % 40)),
  end,
];
const captions = [5, 6, 4, 5, 12, 3, 5, 7, 4, 6, 5].map(caption);
const padded = (ids: ArrayLike<number>) => Int32Array.from({ length: context }, (_, i) => ids[i] ?? 0);

const plainImages = async (items: readonly Float32Array[]) =>
  model.encodeImage(params, reshape(tensor1d(Float32Array.from(items.flatMap((item) => [...item]))), [items.length, 3, 8, 8])).data();
const plainTexts = async (items: readonly (readonly number[])[]) =>
  model
    .encodeText(
      params,
      tensor(
        items.flatMap((ids) => [...padded(ids)]),
        [items.length, context],
        'int32',
      ),
    )
    .data();
const expectNear = (features: HostArray<Float32Array>, expected: ArrayLike<number>) => {
  expect(features.shape).toEqual([expected.length / 6, 6]);
  for (const [i, x] of features.data.entries()) expect(x).toBeCloseTo(expected[i]!, 5);
};

/** Compiles a tower and writes down the shapes of what it is given. */
function recording(shapes: string[], compile: CompileTower): CompileTower {
  return (tower) => {
    const run = compile(tower);
    const call = async (input: TowerInput<HostArray>) => {
      const { shape } = 'ids' in input ? input.ids : input;
      shapes.push(`[${shape.join(', ')}] of ${'ids' in input ? input.endIndex.shape[0] : shape[0]}`);
      return run(input);
    };
    return Object.assign(call, { dispose: run.dispose });
  };
}

describe.each([
  ['compiled', { jit }],
  ['plain', {}],
] as const)('createEncoder, %s', (_, how) => {
  it('gives every image its features, in batches of one shape', async () => {
    const encoder = createEncoder(model, params, { ...how, batchSize: 3 });
    const batches: HostArray<Float32Array>[] = [];
    for await (const batch of encoder.encodeImages(images)) batches.push(batch);
    expect(batches.map(({ shape }) => shape[0])).toEqual([3, 3, 1]);
    expectNear(await collectFeatures(encoder.encodeImages(images)), await plainImages(images));
    await encoder.dispose();
  });

  it('gives every text its features, packed, whatever their lengths', async () => {
    const encoder = createEncoder(model, params, { ...how, batchSize: 4 });
    expectNear(await collectFeatures(encoder.encodeTexts(captions)), await plainTexts(captions));
    await encoder.dispose();
  });
});

describe('createEncoder', () => {
  it('takes captions, ids as they are, padded ids, and images as arrays, from anything iterable', async () => {
    const encode = (text: string) => caption(4, text.length);
    const encoder = createEncoder(model, params, { batchSize: 2, tokenizer: { encode } });
    async function* texts(): AsyncGenerator<EncoderText> {
      yield 'abc';
      yield padded(caption(5, 2));
      yield new Int32Array(caption(3, 1));
    }
    const expected = await plainTexts([caption(4, 3), caption(5, 2), caption(3, 1)]);
    expectNear(await collectFeatures(encoder.encodeTexts(texts())), expected);
    const arrays = new Set(images.map((data) => ({ data, shape: [3, 8, 8] })));
    expectNear(await collectFeatures(encoder.encodeImages(arrays)), await plainImages(images));
  });

  it('keeps few shapes over many batches, and puts no more into a run than fits', async () => {
    const shapes: string[] = [];
    const encoder = createEncoder(model, params, { batchSize: 4, jit: recording(shapes, jit) });
    const texts = Array.from({ length: 40 }, (_, i) => caption(3 + (i % 4) + (i === 17 ? 6 : 0), i));
    const counts: number[] = [];
    const parts: Float32Array[] = [];
    for await (const { data, shape } of encoder.encodeTexts(texts)) {
      counts.push(shape[0]!);
      parts.push(data);
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
    expect(new Set(shapes).size).toBeLessThanOrEqual(2);
    expectNear({ data: Float32Array.from(parts.flatMap((part) => [...part])), shape: [40, 6] }, await plainTexts(texts));
    const before = shapes.length;
    await collectFeatures(encoder.encodeTexts(texts.slice(0, 2)));
    expect(shapes.slice(before)).toEqual([shapes[0]]); // fewer texts later run in the same program
    await encoder.dispose();
  });

  it('prepares one batch while another runs, and no more', async () => {
    let read = 0;
    const running: number[] = [];
    function* items() {
      for (const image of images) {
        read++;
        yield image;
      }
    }
    const compile: CompileTower = () =>
      Object.assign(
        async () => {
          running.push(read);
          await new Promise(setImmediate);
          running.push(read);
          return { data: new Float32Array(12), shape: [2, 6] };
        },
        { dispose: async () => {} },
      );
    for await (const _ of createEncoder(model, params, { batchSize: 2, jit: compile }).encodeImages(items()))
      expect(read).toBeLessThanOrEqual(running.at(-2)! + 2);
    expect(running).toEqual([2, 4, 4, 6, 6, 7, 7, 7]);
  });

  it('tells how far it is', async () => {
    const told: number[] = [];
    const encoder = createEncoder(model, params, { batchSize: 3 });
    await collectFeatures(encoder.encodeImages(images, { onProgress: (encoded) => told.push(encoded) }));
    expect(told).toEqual([3, 6, 7]);
  });

  it('closes its source when its features are no longer wanted, or a batch fails', async () => {
    let closed = 0;
    function* items() {
      try {
        yield* images;
      } finally {
        closed++;
      }
    }
    for await (const _ of createEncoder(model, params, { batchSize: 2 }).encodeImages(items())) break;
    expect(closed).toBe(1);
    const failing: CompileTower = () => Object.assign(async () => Promise.reject(new Error('lost')), { dispose: async () => {} });
    await expect(collectFeatures(createEncoder(model, params, { batchSize: 2, jit: failing }).encodeImages(items()))).rejects.toThrow(
      'lost',
    );
    expect(closed).toBe(2);
  });

  it('leaves no tensor behind', async () => {
    const before = memory().numTensors;
    const encoder = createEncoder(model, params, { batchSize: 3 });
    await collectFeatures(encoder.encodeImages(images));
    await collectFeatures(encoder.encodeTexts(captions));
    await encoder.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('refuses what is no image and no text of the model', async () => {
    const { encodeImages, encodeTexts } = createEncoder(model, params);
    await expect(collectFeatures(encodeImages([new Float32Array(191)]))).rejects.toThrow(
      'encodeImages: `images` must each be f32 [3, 8, 8], got 191 numbers',
    );
    await expect(collectFeatures(encodeImages([{ data: images[0]!, shape: [8, 8, 3] }]))).rejects.toThrow('got Float32Array [8, 8, 3]');
    await expect(collectFeatures(encodeTexts([new Int32Array(13)]))).rejects.toThrow(
      'encodeTexts: `texts` must each have at most 12 positions, got 13',
    );
    await expect(collectFeatures(encodeTexts([]))).rejects.toThrow('collectFeatures: `batches` must hold at least one item, got none');
    expect(() => createEncoder(model, params, { batchSize: 0 })).toThrow('createEncoder: `batchSize` must be a positive integer, got 0');
  });
});
