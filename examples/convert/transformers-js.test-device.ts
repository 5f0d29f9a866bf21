import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeGolden, relativeError } from '@fsc-clip/testdata';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportSmallClip } from './exported.fixture.js';

// An exported folder in transformers.js: `npm run test:transformers` brings it.

interface TheirTensor {
  readonly dims: number[];
  readonly data: ArrayLike<number | bigint>;
}
type Outputs = Readonly<Record<string, TheirTensor>>;
type Pretrained<T> = { from_pretrained(name: string, options?: { dtype: string }): Promise<T> };
type Run<Input> = (input: Input, options?: object) => Promise<Outputs>;

interface Transformers {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly AutoTokenizer: Pretrained<(texts: string | string[], options?: object) => Outputs>;
  readonly AutoProcessor: Pretrained<Run<unknown[]>>;
  readonly CLIPTextModelWithProjection: Pretrained<Run<Outputs>>;
  readonly CLIPVisionModelWithProjection: Pretrained<Run<Outputs>>;
  readonly CLIPModel: Pretrained<Run<Outputs>>;
  readonly RawImage: new (data: Uint8ClampedArray, width: number, height: number, channels: number) => unknown;
}

interface TokenizerCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ftfyChanged: boolean;
}

describeGolden<TokenizerCase>('tokenizer', (area) => {
  let folder: string;
  let name: string;
  let small: Awaited<ReturnType<typeof exportSmallClip>>;
  let theirs: Transformers;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fsc-clip-transformers-'));
    name = basename(folder);
    small = await exportSmallClip(folder, ['float32', 'float16', 'int8']);
    const require = createRequire(join(process.env['TRANSFORMERS_FOLDER'] ?? process.cwd(), 'package.json'));
    theirs = (await import(pathToFileURL(require.resolve('@huggingface/transformers')).href)) as Transformers;
    theirs.env.allowRemoteModels = false;
    theirs.env.localModelPath = dirname(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tokenises as CLIP does; it does not clean texts and does not end those that it cuts', async () => {
    const tokenizer = await theirs.AutoTokenizer.from_pretrained(name);
    const plain = area.cases.filter(({ text, ids, ftfyChanged }) => !ftfyChanged && !/[&<ſ]/.test(text) && ids.length < 77);
    expect(plain.length).toBeGreaterThan(100);
    for (const { text, ids } of plain) expect(Array.from(tokenizer(text)['input_ids']!.data, Number), text).toEqual(ids);
  });

  it.each([
    ['fp32', 1e-5],
    ['fp16', 2e-3],
    ['q8', 0.1],
  ])('computes the model’s features: %s', async (dtype, tolerance) => {
    const inputs = (await theirs.AutoTokenizer.from_pretrained(name))(['two dogs', 'a photo of a cat on a red couch'], { padding: true });
    const picture = (shade: number) =>
      new theirs.RawImage(
        new Uint8ClampedArray(40 * 50 * 3).map((_, i) => (i * shade) % 256),
        40,
        50,
        3,
      );
    const { pixel_values: pixels } = await (await theirs.AutoProcessor.from_pretrained(name))([picture(3), picture(7), picture(31)]);
    const own = small.model.apply(small.params, { images: toTensor(pixels!), texts: toTensor(inputs['input_ids']!) });
    const near = (actual: TheirTensor, expected: Tensor) => {
      expect(actual.dims).toEqual(expected.shape);
      expect(relativeError(actual.data as Float32Array, expected.dataSync())).toBeLessThanOrEqual(tolerance);
    };
    const text = await (await theirs.CLIPTextModelWithProjection.from_pretrained(name, { dtype }))(inputs);
    near(text['text_embeds']!, own.textFeatures);
    const vision = await (await theirs.CLIPVisionModelWithProjection.from_pretrained(name, { dtype }))({ pixel_values: pixels! });
    near(vision['image_embeds']!, own.imageFeatures);
    const both = await (await theirs.CLIPModel.from_pretrained(name, { dtype }))({ ...inputs, pixel_values: pixels! });
    near(both['text_embeds']!, own.textFeatures);
    near(both['image_embeds']!, own.imageFeatures);
    expect(both['logits_per_image']!.dims).toEqual([3, 2]);
  });
});

function toTensor({ data, dims }: TheirTensor): Tensor {
  return data instanceof BigInt64Array
    ? tensor(Int32Array.from(data, Number), dims, 'int32')
    : tensor(data as unknown as Float32Array, dims);
}
