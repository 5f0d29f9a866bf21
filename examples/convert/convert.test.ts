import '@tensorflow/tfjs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createKey, OptionError } from '@fsc-clip/core';
import { type ClipConfig, createModel, isLora, loadWeights, originMetadata, readWeights, saveWeights } from '@fsc-clip/models';
import { describeGolden, goldenDir, relativeError } from '@fsc-clip/testdata';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { convert } from './convert.js';
import { readOptions } from './options.js';

const folder = mkdtemp(join(tmpdir(), 'fsc-clip-convert-'));
afterAll(async () => rm(await folder, { recursive: true }));

/** What `npm run convert -- …` prints. */
async function run(...args: string[]): Promise<string> {
  const options = readOptions(args);
  if (options === 'help') throw new Error('help');
  const lines: string[] = [];
  await convert(options, (line) => lines.push(line));
  return lines.join('\n');
}

interface CheckpointCase {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly expected?: Readonly<Record<string, string>>;
  readonly rank?: number;
  readonly scaling?: number;
}

const floor = 1e-5;

describeGolden<CheckpointCase, { readonly config: ClipConfig }>('checkpoints', (area) => {
  const { config } = area.json;
  const [images, texts] = [area.array('inputs/images'), area.array('inputs/texts')];
  const configFile = folder.then(async (path) => {
    const file = join(path, 'config.json');
    await writeFile(file, JSON.stringify(config));
    return file;
  });
  const lora = (c: CheckpointCase) => (c.rank === undefined ? [] : ['--lora-alpha', String(c.scaling! * c.rank)]);

  /** What a converted file's weights compute. */
  async function expectOutputs(file: string, c: CheckpointCase): Promise<void> {
    const model = createModel(config, c.rank === undefined ? {} : { loraAlpha: c.scaling! * c.rank });
    const { params } = await loadWeights(file, { model });
    tidy(() => {
      const input = { images: tensor(images.data, [...images.shape]), texts: tensor(texts.data, [...texts.shape], 'int32') };
      const { imageFeatures, textFeatures } = model.apply(params, input);
      expect(relativeError(imageFeatures.dataSync(), area.array(c.expected!['image_features']!).data)).toBeLessThanOrEqual(floor);
      expect(relativeError(textFeatures.dataSync(), area.array(c.expected!['text_features']!).data)).toBeLessThanOrEqual(floor);
    });
  }

  /** What an exported folder computes in onnxruntime, texts padded by zeros and, as transformers does, by end-of-text. */
  async function expectOnnx(out: string, c: CheckpointCase): Promise<void> {
    const [rows, length] = texts.shape as [number, number];
    const padded = Array.from(texts.data, (id, i) => {
      const row = Array.from(texts.data).slice(i - (i % length), i - (i % length) + length);
      return i % length > row.lastIndexOf(Math.max(...row)) ? config.text_cfg.vocab_size - 1 : id;
    });
    const pixels = new Tensor('float32', images.data as Float32Array, images.shape);
    const batches = [texts.data, padded].map((ids) => new Tensor('int64', BigInt64Array.from(ids, BigInt), [rows, length]));
    const boths = await outputsOf(
      join(out, 'onnx/model.onnx'),
      batches.map((input_ids) => ({ input_ids, pixel_values: pixels })),
    );
    const ofTexts = await outputsOf(
      join(out, 'onnx/text_model.onnx'),
      batches.map((input_ids) => ({ input_ids })),
    );
    const [vision] = await outputsOf(join(out, 'onnx/vision_model.onnx'), [{ pixel_values: pixels }]);
    for (const [i, both] of boths.entries()) {
      const text = ofTexts[i];
      const expectNear = (actual: Tensor, array: string, what: string) =>
        expect(relativeError(actual.data as Float32Array, area.array(c.expected![array]!).data), what).toBeLessThanOrEqual(floor);
      for (const outputs of [both, vision]) expectNear(outputs!['image_embeds']!, 'image_features', `${c.name} images`);
      for (const outputs of [both, text]) expectNear(outputs!['text_embeds']!, 'text_features', `${c.name} texts`);
      const scale = Number(area.array(c.expected!['logit_scale']!).data[0]);
      const { logits_per_image: logits, image_embeds: left, text_embeds: right } = both;
      const [features, width] = left!.dims as [number, number];
      expect(logits!.dims).toEqual([features, rows]);
      const dot = Array.from({ length: width }, (_, d) => Number(left!.data[d]) * Number(right!.data[d])).reduce((a, b) => a + b);
      expect(Number(logits!.data[0])).toBeCloseTo(scale * dot, 3);
    }
  }

  const readable = area.cases.filter(({ kind }) => kind === 'readable');
  it('has readable files', () => expect(readable.length).toBeGreaterThan(0));

  it.each(readable)('$name comes out as safetensors and pt that compute the same', async (c) => {
    const at = (name: string) => folder.then((path) => join(path, `${c.name.replaceAll('/', '-')}-${name}`));
    const model = ['--model', await configFile, ...lora(c)];
    const input = join(goldenDir, c.file);

    const printed = await run(input, await at('a.safetensors'), ...model);
    expect(printed).toContain(`activation: ${config.quick_gelu ? 'quickgelu' : 'gelu'}`);
    await expectOutputs(await at('a.safetensors'), c);

    const { params: own, metadata } = await readWeights(await at('a.safetensors'));
    expect(metadata['quick_gelu']).toBe(String(config.quick_gelu));
    await run(await at('a.safetensors'), await at('b.pt')); // the header goes along
    const { params: back, metadata: header } = await readWeights(await at('b.pt'));
    expect(header).toEqual(metadata);
    expect(back).toEqual(own);

    const merged = await run(await at('b.pt'), await at('c.safetensors'), '--merge-lora', ...lora(c));
    expect(merged).toMatch(c.rank === undefined ? /no adapters to merge/ : /merged \d+ pairs of adapters/);
    const { params: plain, metadata: left } = await readWeights(await at('c.safetensors'));
    expect(Object.keys(plain).some(isLora)).toBe(false);
    expect(left['lora_alpha']).toBeUndefined();
    await expectOutputs(await at('c.safetensors'), { ...c, rank: undefined as never });
  });

  // Most files hold the same weights: one of each state is enough.
  const states = [...new Map(readable.map((c) => [c.expected!['image_features'], c])).values()];
  it.each(states)('$name comes out as ONNX that computes the same', async (c) => {
    const out = join(await folder, `${c.name}-onnx`);
    const printed = await run(join(goldenDir, c.file), out, '--to', 'onnx', '--model', await configFile, ...lora(c));
    expect(printed).toContain(`no tokenizer: a vocabulary of ${config.text_cfg.vocab_size} is not CLIP's`);
    await expectOnnx(out, c);
  });

  it.each(area.cases.filter(({ kind }) => kind === 'unreadable'))('$name is refused, and nothing is written', async (c) => {
    const out = await mkdtemp(join(await folder, 'refused-'));
    await expect(run(join(goldenDir, c.file), join(out, 'out.safetensors'), '--model', await configFile)).rejects.toThrow(
      /loadWeights|read/,
    );
    expect(await readdir(out)).toEqual([]);
  });

  it('says and halves what it writes as float16', async () => {
    const out = join(await folder, 'half.safetensors');
    const printed = await run(join(goldenDir, 'checkpoints/plain.pt'), out, '--dtype', 'float16');
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(/^read plain\.pt, 60\.8 kB: 38 tensors, 12,321 numbers$/),
      'activation: not known; --activation writes it into the file',
      expect.stringMatching(/^wrote half\.safetensors, 28\.3 kB: 38 tensors, 12,321 numbers as float16$/),
    ]);
  });

  it('measures what smaller ONNX variants change', async () => {
    const out = join(await folder, 'variants');
    const printed = await run(
      ...[join(goldenDir, 'checkpoints/plain.pt'), out, '--to', 'onnx', '--model', await configFile, '--variants', 'float16,int8'],
    );
    expect(await readdir(join(out, 'onnx'))).toEqual(
      ['model', 'text_model', 'vision_model'].flatMap((name) => [`${name}_fp16.onnx`, `${name}_quantized.onnx`]),
    );
    expect(printed).toMatch(/float16 text_model text_embeds: at most \d\.\de-\d off, cosine at least (1\.0000|0\.9999)\d\d/);
    expect(printed).toMatch(/int8 vision_model image_embeds: at most \d\.\de-\d off, cosine at least 0\.99\d{4}/);
  });

  it('normalises as the file’s header says, and says what it wrote when it has', async () => {
    const model = createModel(config);
    const input = join(await folder, 'normalised.safetensors');
    const preprocessing = { mean: [0.5, 0.25, 0.125], std: [0.5, 1, 2] };
    await saveWeights(input, model.init(createKey(0)), { model, metadata: originMetadata({ preprocessing }) });
    const out = join(await folder, 'normalised');
    const printed = await run(input, out, '--to', 'onnx', '--model', await configFile);
    const preprocessor = JSON.parse(await readFile(join(out, 'preprocessor_config.json'), 'utf8'));
    expect(preprocessor).toMatchObject({ image_mean: preprocessing.mean, image_std: preprocessing.std });
    expect(printed.match(/^wrote .*$/gm)!.map((line) => basename(line.split(',')[0]!))).toEqual([
      ...['config.json', 'preprocessor_config.json'],
      ...['text_model', 'vision_model', 'model'].map((name) => `${name}.onnx`),
    ]);
  });

  it('asks for what the file cannot say', async () => {
    const input = join(goldenDir, 'checkpoints/plain.pt');
    const out = join(await folder, 'none');
    await expect(run(input, out, '--to', 'onnx')).rejects.toThrow('convert: `--model` must be given: these are the weights of none');
    const silent = join(await folder, 'silent.json');
    await writeFile(silent, JSON.stringify({ ...config, quick_gelu: undefined }));
    await expect(run(input, out, '--to', 'onnx', '--model', silent)).rejects.toThrow('convert: `--activation` must be given');
  });
});

/** What a model file gives for each of some inputs. */
async function outputsOf(path: string, feeds: readonly Record<string, Tensor>[]): Promise<Record<string, Tensor>[]> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    const outputs: Record<string, Tensor>[] = [];
    for (const feed of feeds) outputs.push((await session.run(feed)) as Record<string, Tensor>);
    return outputs;
  } finally {
    await session.release();
  }
}

describe('options', () => {
  it.each([
    [['a.pt'], '`files` must be two'],
    [['a.pt', 'b.txt'], '`--to` must be safetensors, pt or onnx, got txt'],
    [['a.pt', 'b.pt', '--to', 'safetensors'], '`output` must end in .safetensors, got b.pt'],
    [['a.pt', 'b.pt', '--dtype', 'int4'], '`--dtype` must be float32, float16 or bfloat16, got int4'],
    [['a.pt', 'b', '--to', 'onnx', '--dtype', 'float16'], '`--dtype` is for safetensors and pt'],
    [['a.pt', 'b.pt', '--variants', 'int8'], '`--variants` is for --to onnx'],
    [['a.pt', 'b.pt', '--lora-alpha', '0'], '`--lora-alpha` must be a number above 0'],
    [['a.pt', 'b.pt', '--activation', 'relu'], '`--activation` must be gelu or quickgelu'],
    [['a.pt', 'b.pt', '--colour'], "`options` must be known ones, got Unknown option '--colour'"],
  ])('%o is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(OptionError);
    expect(() => readOptions(args)).toThrow(message);
  });

  it('asks for help', () => expect(readOptions(['--help'])).toBe('help'));
});
