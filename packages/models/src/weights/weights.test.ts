import '@tensorflow/tfjs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey, type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { memory, scalar, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { createModel } from '../model/create-model.js';
import { readSafetensors } from '../safetensors/read-safetensors.js';
import { checkWeights } from './check-weights.js';
import { interpolateWeights } from './interpolate-weights.js';
import { loadWeights, readWeights } from './load-weights.js';
import { resizeImagePositions, resizeTextPositions } from './resize-positions.js';
import { saveWeights } from './save-weights.js';
import { sweepWeights } from './sweep-weights.js';

const config = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
  quick_gelu: false,
};
const model = createModel(config);
const params = model.init(createKey(1));
const onHost = (params: Params<Tensor>): Params<HostArray> =>
  mapParams(params, (t) => ({ data: t.dataSync() as Float32Array, shape: t.shape }));
const without = <A>(params: Params<A>, ...names: string[]): Params<A> =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('saveWeights and loadWeights', () => {
  it('return tensors, host arrays and readable arrays as they were', async () => {
    const host = onHost(params);
    const readable = mapParams(host, ({ data, shape }) => ({ shape, dtype: 'float32', read: async () => data }));
    for (const [kind, weights] of Object.entries({ params, host, readable })) {
      await saveWeights(at(`${kind}.safetensors`), weights, { model, metadata: { run: 'a' } });
      const loaded = await readWeights(at(`${kind}.safetensors`), { model });
      expect(loaded.metadata).toMatchObject({ format: 'pt', run: 'a', quick_gelu: 'false' });
      for (const [name, { data, shape }] of Object.entries(host)) expect(loaded.params[name], name).toEqual({ data, shape });
    }
    const { params: tensors } = await loadWeights(at('params.safetensors'));
    expect(tensors['visual.proj']!.dataSync()).toEqual(params['visual.proj']!.dataSync());
  });

  it('rounds to float16 and back, and refuses what does not fit', async () => {
    await saveWeights(at('half.safetensors'), params, { dtype: 'float16' });
    const file = await readSafetensors(at('half.safetensors'));
    expect(file.entries['visual.proj']?.dtype).toBe('F16');
    await file.close();
    const { params: loaded } = await readWeights(at('half.safetensors'), { model });
    const before = params['visual.proj']!.dataSync();
    for (const [i, x] of loaded['visual.proj']!.data.entries())
      expect(Math.abs(x - before[i]!)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -11);
    const large = { data: new Float32Array([1, 7e4]), shape: [2] };
    await expect(saveWeights(at('large.safetensors'), { large }, { dtype: 'float16' })).rejects.toThrow('`large` must fit float16');
  });

  it('keep the activation and the scale of adapters, and refuse another', async () => {
    const quick = createModel(config, { quickGelu: true, loraAlpha: 8 });
    await saveWeights(at('quick.safetensors'), addLora(createKey(1), params, { rank: 2 }), { model: quick });
    expect((await readWeights(at('quick.safetensors'), { model: quick })).metadata).toMatchObject({ quick_gelu: 'true', lora_alpha: '8' });
    await expect(readWeights(at('quick.safetensors'), { model })).rejects.toThrow(
      "must have the model's quick_gelu, got true. The activation belongs to the weights: createModel(…, { quickGelu: true })",
    );
    const other = createModel(config, { quickGelu: true });
    await expect(readWeights(at('quick.safetensors'), { model: other })).rejects.toThrow("must have the model's lora_alpha, got 8");
  });

  it('refuse a file that does not say its activation for a model that was not told', async () => {
    const { quick_gelu: _, ...silent } = config;
    await saveWeights(at('silent.safetensors'), params);
    await expect(readWeights(at('silent.safetensors'), { model: createModel(silent) })).rejects.toThrow(
      'must say its activation, or the model must, got neither. The activation belongs to the weights: createModel(…, { quickGelu: true })',
    );
    for (const quickGelu of [true, false]) await readWeights(at('silent.safetensors'), { model: createModel(silent, { quickGelu }) });
    await saveWeights(at('speaking.safetensors'), params, { model });
    await readWeights(at('speaking.safetensors'), { model: createModel(silent) });
  });

  it('resize positions to the model', async () => {
    await saveWeights(at('small.safetensors'), params, { model });
    const larger = createModel(config, { imageSize: 12, contextLength: 3 });
    const linear = await readWeights(at('small.safetensors'), { model: larger });
    const cut = await readWeights(at('small.safetensors'), { model: larger, shorterTexts: 'cut' });
    const { 'visual.positional_embedding': image, positional_embedding: text } = onHost(params) as Params<HostArray<Float32Array>>;
    expect(linear.params['visual.positional_embedding']).toEqual(resizeImagePositions(image!, [2, 2], [3, 3]));
    expect(linear.params['positional_embedding']).toEqual(resizeTextPositions(text!, 3));
    expect(cut.params['positional_embedding']!.data).toEqual(text!.data.subarray(0, 3 * 12));
  });

  it('take off prefixes and leave buffers out', async () => {
    const wrapped = Object.fromEntries(Object.entries(params).map(([name, value]) => [`module.${name}`, value]));
    await saveWeights(at('wrapped.safetensors'), { ...wrapped, 'module.context_length': zeros([1], 'int32') });
    expect(Object.keys((await readWeights(at('wrapped.safetensors'), { model })).params).sort()).toEqual(Object.keys(params).sort());
    const text = Object.fromEntries(
      Object.entries(params).map(([name, value]) => [/^visual|^logit/.test(name) ? name : `text.${name}`, value]),
    );
    await saveWeights(at('text.safetensors'), text);
    expect(Object.keys((await readWeights(at('text.safetensors'), { model })).params).sort()).toEqual(Object.keys(params).sort());
  });

  it('refuse extra weights, or leave them out', async () => {
    await saveWeights(at('extra.safetensors'), { ...params, constructor: zeros([2]) } as Params<Tensor>);
    await expect(readWeights(at('extra.safetensors'), { model })).rejects.toThrow(
      "must hold the model's weights, got 1 extra: `constructor`",
    );
    const { params: loaded } = await readWeights(at('extra.safetensors'), { model, ignoreExtra: true });
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(params).sort());
  });

  it('refuse integers, other files, and folders that do not exist', async () => {
    await saveWeights(at('int.safetensors'), { ...params, 'visual.proj': zeros([16, 6], 'int32') });
    await expect(readWeights(at('int.safetensors'), { model })).rejects.toThrow('`visual.proj` must be floating-point numbers');
    await expect(loadWeights(at('model.onnx'))).rejects.toThrow('must end in .safetensors, .pt, .pth, .bin, .ckpt or .index.json');
    await expect(saveWeights(join(folder, 'no', 'x.safetensors'), params)).rejects.toThrow('must be writable, got ENOENT');
  });
});

describe('sharded weights', () => {
  const index = async (map: unknown) => {
    await writeFile(at('model.safetensors.index.json'), typeof map === 'string' ? map : JSON.stringify({ weight_map: map }));
    return readWeights(at('model.safetensors.index.json'));
  };

  it('come from the files that the index names', async () => {
    await saveWeights(at('one.safetensors'), { a: zeros([1]) }, { metadata: { run: 'x' } });
    await saveWeights(at('two.safetensors'), { b: zeros([2]) });
    const { params, metadata } = await index({ a: 'one.safetensors', b: 'two.safetensors' });
    expect(Object.keys(params)).toEqual(['a', 'b']);
    expect(metadata['run']).toBe('x');
    await expect(index({ a: 'one.safetensors', c: 'two.safetensors' })).rejects.toThrow(
      'two.safetensors` must hold the tensors that the index names, got no `c`',
    );
    await expect(index({ a: 'one.safetensors', b: 'absent.safetensors' })).rejects.toThrow('must be a readable file');
  });

  it('never leave the folder', async () => {
    await mkdir(at('inner'), { recursive: true });
    for (const shard of ['../one.safetensors', 'inner/one.safetensors', '/one.safetensors', 'inner\\one.safetensors', '..', 7]) {
      await expect(index({ a: shard })).rejects.toThrow('must name .safetensors or .bin files beside it');
    }
    await expect(index('[')).rejects.toThrow('must be a readable JSON file');
    await expect(index('{}')).rejects.toThrow('must have a `weight_map`');
  });
});

describe('checkWeights', () => {
  it('accepts the model’s weights, with and without adapters', () => {
    checkWeights(model, params);
    checkWeights(model, addLora(createKey(1), params, { rank: 2 }));
  });

  it('reports everything at once, with the nearest names', () => {
    const wrong = { ...without(params, 'visual.proj', 'ln_final.bias'), 'visual.projj': zeros([1]), text_projection: zeros([12, 5]) };
    expect(() => checkWeights(model, wrong)).toThrow(WeightsError);
    expect(() => checkWeights(model, wrong)).toThrow(
      "checkWeights: `params` must hold the model's weights, got 2 missing: `visual.proj` (`visual.projj` is there), " +
        '`ln_final.bias`; 1 extra: `visual.projj` (`visual.proj` is missing); ' +
        '1 of another shape: `text_projection` [12, 5] instead of [12, 6]',
    );
    const all = Object.keys(model.shapes).length;
    expect(() => checkWeights(model, {})).toThrow(new RegExp(`got ${all} missing: .* and ${all - 8} more$`));
  });

  it('checks adapters by their weights', () => {
    const adapted = addLora(createKey(1), params, { rank: 2, targets: ['conv1'] });
    expect(() => checkWeights(model, without(adapted, 'visual.conv1.lora_B'))).toThrow('1 missing: `visual.conv1.lora_B`');
    expect(() => checkWeights(model, { ...adapted, 'visual.conv1.lora_B': zeros([64, 4]) })).toThrow('[64, 4] instead of [64, 8]');
    expect(() => checkWeights(model, { ...params, 'nowhere.lora_A': zeros([2, 2]) })).toThrow('1 extra: `nowhere.lora_A`');
  });
});

describe('interpolateWeights', () => {
  it('is the one at 0, the other at 1, and refuses what does not fit', () => {
    const other = model.init(createKey(2));
    const values = (record: Params<Tensor>) => mapParams(record, (t) => Array.from(t.dataSync()));
    expect(values(interpolateWeights(params, other, 0))).toEqual(values(params));
    expect(values(interpolateWeights(params, other, 1))).toEqual(values(other));
    const half = values(interpolateWeights(params, other, 0.5));
    expect(values(interpolateWeights(params, other, scalar(0.5)))).toEqual(half);
    expect(() => interpolateWeights(params, other, 1.5)).toThrow('`alpha` must be in [0, 1], got 1.5');
    expect(() => interpolateWeights(params, without(other, 'visual.proj'), 0.5)).toThrow('`finetuned` must hold `visual.proj`');
    expect(() => interpolateWeights(without(params, 'visual.proj'), other, 0.5)).toThrow('`pretrained` must hold `visual.proj`');
    expect(() => interpolateWeights(params, { ...other, 'visual.proj': zeros([2]) }, 0.5)).toThrow(
      'must have the shape [16, 6] in both, got [2]',
    );
  });
});

describe('sweepWeights', () => {
  const other = model.init(createKey(2));
  const first = ({ 'visual.proj': t }: Params<Tensor>) => t!.dataSync()[0]!;

  it('walks from one to the other with one set of weights at a time', () => {
    const before = memory().numTensors;
    const seen: number[] = [];
    for (const { alpha, params: mixed } of sweepWeights(params, other)) {
      expect(memory().numTensors).toBe(before + Object.keys(params).length);
      expect(first(mixed)).toBeCloseTo((1 - alpha) * first(params) + alpha * first(other), 6);
      seen.push(alpha);
    }
    expect(seen).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    for (const { alpha } of sweepWeights(params, other, { alphas: [0.5, 1] })) if (alpha === 0.5) break;
    expect(memory().numTensors).toBe(before);
    expect(params['visual.proj']!.isDisposed || other['visual.proj']!.isDisposed).toBe(false);
  });

  it('scales adapters as it is told', () => {
    const adapted = addLora(createKey(1), params, { rank: 2, targets: ['conv1'] });
    const ratio = (mixed: Params<Tensor>, name: string) => mixed[name]!.dataSync()[0]! / adapted[name]!.dataSync()[0]!;
    for (const [lora, a] of [
      ['reference', 0.5],
      ['linear', 1],
    ] as const) {
      for (const { params: mixed } of sweepWeights(params, adapted, { alphas: [0.5], lora }))
        expect(ratio(mixed, 'visual.conv1.lora_A')).toBe(a);
    }
  });

  it('refuses an alpha outside [0, 1] before the first is made', () => {
    expect(() => sweepWeights(params, other, { alphas: [0, 2] }).next()).toThrow('sweepWeights: `alphas` must be in [0, 1], got 2');
  });
});

describe('resized positions', () => {
  it('keep a constant, the class position and an unchanged grid', () => {
    const constant = { data: new Float32Array(10).fill(0.5), shape: [5, 2] };
    constant.data[0] = 9;
    const resized = resizeImagePositions(constant, [2, 2], [3, 5]);
    expect(resized.shape).toEqual([16, 2]);
    expect(resized.data[0]).toBe(9);
    for (const x of resized.data.subarray(2)) expect(x).toBeCloseTo(0.5, 6);
    expect(resizeImagePositions(constant, [2, 2], [2, 2])).toEqual(constant);
  });

  it('are linear between two texts positions', () => {
    const two = { data: new Float32Array([0, 1]), shape: [2, 1] };
    expect([...resizeTextPositions(two, 4).data]).toEqual([0, 0.25, 0.75, 1]); // sources -0.25 → 0, 0.25, 0.75, 1.25 → 1
    expect([...resizeTextPositions(two, 1).data]).toEqual([0.5]);
    expect([...resizeTextPositions(two, 1, { shorter: 'cut' }).data]).toEqual([0]);
  });

  it('refuse a wrong grid', () => {
    const four = { data: new Float32Array(4), shape: [4, 1] };
    expect(() => resizeImagePositions(four, [2, 2], [3, 3])).toThrow('`positions` must be [5, w], got [4, 1]');
    expect(() => resizeTextPositions(four, 0)).toThrow('must be a positive integer, got 0');
  });
});
