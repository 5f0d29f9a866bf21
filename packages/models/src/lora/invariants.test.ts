import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey, type Params } from '@fsc-clip/core';
import { mapParams, mergeParams, partitionParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { relativeError } from '@fsc-clip/testdata';
import { abs, add, max, mul, ones, type Scalar, sum, type Tensor, tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { initialize } from '../model/initialize.js';
import { isLora } from './adapters.js';
import { addLora, type LoraOptions } from './add-lora.js';
import { loadLora } from './load-lora.js';
import type { LoraScale } from './lora-scale.js';
import { mergeLora, unmergeLora } from './merge-lora.js';
import { saveLora } from './save-lora.js';

const config = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 2 },
  quick_gelu: true,
};
const base = createModel(config).init(createKey(1));
const input = { images: ones([1, 3, 8, 8]), texts: tensor2d([[18, 4, 5, 19, 0]], [1, 5], 'int32') };

/** What holds for all adapters, over these. */
const table: readonly (readonly [string, LoraOptions & LoraScale])[] = [
  ['everything, as the reference', { rank: 2 }],
  ['another alpha', { rank: 4, loraAlpha: 8 }],
  ['rank-stabilised', { rank: 4, loraAlpha: 2, rsLora: true }],
  ['one tower', { rank: 2, towers: 'text' }],
  ['attention only, zero B', { rank: 3, targets: ['attn.in_proj', 'out_proj'], init: 'zeroB' }],
  ['by a pattern', { rank: 2, targets: [/resblocks\.1\.mlp\./] }],
];

/** Adapters that all count: no B is zero, as after training. */
function trained(options: LoraOptions): Params<Tensor> {
  const [adapters, weights] = partitionParams(addLora(createKey(2), base, options), isLora);
  const noise = (t: Tensor, name: string) =>
    tensor(initialize(createKey(3), name, { shape: t.shape, initial: { bound: 0.2 } }).data, t.shape);
  return mergeParams(
    weights,
    mapParams(adapters, (t, name) => add(t, noise(t, name))),
  );
}

type Model = ReturnType<typeof createModel>;
function outputs(model: Model, params: Params<Tensor>, options: Parameters<Model['apply']>[2] = {}): Tensor[] {
  const { imageFeatures, textFeatures } = model.apply(params, input, options);
  return [imageFeatures, textFeatures];
}
const largestError = (found: readonly Tensor[], expected: readonly Tensor[]): number =>
  Math.max(...found.map((t, i) => relativeError(t.dataSync() as Float32Array, expected[i]!.dataSync() as Float32Array)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lora-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(table)('adapters: %s', (_, options) => {
  const model = createModel(config, options);
  const params = trained(options);
  const [adapters] = partitionParams(params, isLora);
  const adapted = outputs(model, params);

  it('count in their towers, and only there', () => {
    const [image, text] = outputs(model, base).map((t, i) => largestError([t], [adapted[i]!]));
    expect(text).toBeGreaterThan(1e-3);
    if (options.towers === 'text') expect(image).toBe(0);
    else expect(image).toBeGreaterThan(1e-3);
  });

  it('compute the same merged, and are taken out again', () => {
    const merged = mergeLora(params, model);
    expect(Object.keys(merged)).toEqual(Object.keys(base));
    expect(largestError(outputs(model, merged), adapted)).toBeLessThan(5e-6);
    const [again, weights] = partitionParams(unmergeLora(merged, adapters, model), isLora);
    expect(again).toEqual(adapters);
    for (const [name, weight] of Object.entries(base)) {
      expect(relativeError(weights[name]!.dataSync() as Float32Array, weight.dataSync() as Float32Array), name).toBeLessThan(1e-6);
    }
    expect(largestError(outputs(model, unmergeLora(merged, adapters, model)), adapted)).toBeLessThan(5e-6);
  });

  it('change nothing while B is zero, with dropout or without', () => {
    const fresh = addLora(createKey(2), base, { ...options, init: 'zeroB' });
    const dropout = { rate: 0.5, key: tensor1d([1, 2], 'int32') };
    expect(largestError(outputs(model, fresh), outputs(model, base))).toBe(0);
    expect(largestError(outputs(model, fresh, { loraDropout: dropout }), outputs(model, base))).toBe(0);
  });

  it('alone are trained, all of them', () => {
    const [, weights] = partitionParams(params, isLora);
    const { grads } = valueAndGrads((trainable: Params<Tensor>) => {
      const { imageFeatures, textFeatures } = model.apply(mergeParams(weights, trainable), input);
      return add(sum(mul(imageFeatures, [1, 2, 3, 4, 5, 6])), sum(mul(textFeatures, [6, 5, 4, 3, 2, 1]))) as Scalar;
    })(adapters);
    expect(Object.keys(grads).sort()).toEqual(Object.keys(adapters).sort());
    for (const [name, grad] of Object.entries(grads)) expect(max(abs(grad)).dataSync()[0], name).toBeGreaterThan(0);
  });

  it.each(['.safetensors', '.pt'])('come back bit for bit from a file of their own: %s', async (ending) => {
    const path = join(folder, `adapters${ending}`);
    await saveLora(path, params, { model, base: 'openai', metadata: { recipe: 'a' } });
    const loaded = await loadLora(path, { model });
    expect(loaded.metadata).toMatchObject({
      base: 'openai',
      recipe: 'a',
      quick_gelu: 'true',
      lora_rank: String(options.rank),
      lora_alpha: String(options.loraAlpha ?? 1),
      rs_lora: String(options.rsLora ?? false),
    });
    expect(Object.keys(loaded.params).sort()).toEqual(Object.keys(adapters).sort());
    for (const [name, t] of Object.entries(loaded.params)) expect(t.dataSync(), name).toEqual(adapters[name]!.dataSync());
  });

  it('go to PEFT’s layout and compute the same when they come back', async () => {
    const [linear] = partitionParams(adapters, (name) => !name.startsWith('visual.conv1.'));
    const path = join(folder, 'peft');
    await saveLora(path, linear, { model, layout: 'peft', base: 'openai/clip-vit-base-patch32' });
    const loaded = await loadLora(path, { model });
    expect(loaded.metadata['base']).toBe('openai/clip-vit-base-patch32');
    const expected = outputs(model, mergeParams(base, linear));
    expect(largestError(outputs(model, mergeParams(base, loaded.params)), expected)).toBeLessThan(5e-6);
  });
});

describe('scales', () => {
  it('divides alpha by the rank, or by its root', () => {
    const params = trained({ rank: 4 });
    const plain = outputs(createModel(config, { loraAlpha: 2 }), params); // 2 / 4
    expect(largestError(outputs(createModel(config, { loraAlpha: 1, rsLora: true }), params), plain)).toBe(0); // 1 / √4
    expect(largestError(outputs(createModel(config), params), plain)).toBeGreaterThan(1e-3);
  });

  it('gives every weight its own rank', async () => {
    const model = createModel(config, { loraAlpha: 6, rsLora: true });
    const two = addLora(createKey(2), base, { rank: 2, targets: ['c_fc'] });
    const params = addLora(createKey(3), two, { rank: 3, targets: ['attn.in_proj'], towers: 'image' });
    const merged = outputs(model, mergeLora(params, model));
    expect(largestError(outputs(model, params), merged)).toBeLessThan(5e-6);
    const [adapters] = partitionParams(params, isLora);
    await saveLora(join(folder, 'ranks'), adapters, { model, layout: 'peft' });
    const loaded = await loadLora(join(folder, 'ranks'), { model });
    expect(largestError(outputs(model, mergeParams(base, loaded.params)), merged)).toBeLessThan(5e-6);
  });
});
