import '@tensorflow/tfjs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey, type HostArray, type Params } from '@fsc-clip/core';
import { createParams, mergeParams, partitionParams } from '@fsc-clip/core/tensor';
import { relativeError } from '@fsc-clip/testdata';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { loadWeights, readWeights } from '../weights/load-weights.js';
import { saveWeights } from '../weights/save-weights.js';
import { isLora } from './adapters.js';
import { addLora } from './add-lora.js';
import { loadLora, readLora } from './load-lora.js';
import { saveLora } from './save-lora.js';

// Written by PEFT itself, over transformers' CLIPModel: `testdata/peft/adapters.py make`. Its base: rank 2, alpha 8, rank-stabilised;
// fc1 has a rank and an alpha of its own, k has no adapters, the patch embedding has.
const fixture = fileURLToPath(new URL('../../../../testdata/peft', import.meta.url));
const config = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 2 },
  quick_gelu: true,
};
const model = createModel(config, { loraAlpha: 8, rsLora: true });
const at = (...path: string[]) => join(fixture, ...path);

const folder = await mkdtemp(join(tmpdir(), 'peft-'));
const [configFile, tensorFile] = [join(folder, 'adapter_config.json'), join(folder, 'adapter_model.safetensors')];
beforeEach(() => cp(at('adapter'), folder, { recursive: true }));
afterAll(() => rm(folder, { recursive: true }));

describe('adapters of PEFT', () => {
  it('compute what they compute in PEFT', async () => {
    const { params: base } = await loadWeights(at('base/model.safetensors'), { model });
    const { params: adapters } = await loadLora(at('adapter'), { model });
    const { params: expected } = await readWeights(at('outputs.safetensors'));
    const { images, texts } = expected as Record<string, HostArray>;
    const input = { images: tensor(images!.data, [...images!.shape]), texts: tensor(texts!.data, [...texts!.shape], 'int32') };
    const { imageFeatures, textFeatures } = model.apply(mergeParams(base, adapters), input);
    expect(relativeError(imageFeatures.dataSync(), expected['image_features']!.data)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(textFeatures.dataSync(), expected['text_features']!.data)).toBeLessThanOrEqual(1e-5);
    const plain = model.apply(base, input);
    expect(relativeError(plain.imageFeatures.dataSync(), expected['image_features']!.data)).toBeGreaterThan(1e-2);
    expect(adapters['visual.transformer.resblocks.0.attn.in_proj_weight_lora_A']!.shape).toEqual([4, 16]); // q and v
  });

  it('are the same under open_clip’s names, its attention as one module', async () => {
    const { params } = await readLora(folder, { model });
    const [some] = partitionParams(params, (name) => !name.includes('conv1'));
    const renamed = Object.entries(some).map(([name, array]) => {
      const module = name.replace('out_proj.', 'base_layer.out_proj.').replace('.in_proj_weight_lora', '.lora');
      return [`base_model.model.${module}.weight`, array] as const;
    });
    const merged = { alpha_pattern: {}, use_rslora: false };
    const json = { ...JSON.parse(await readFile(configFile, 'utf8')), ...merged };
    await writeFile(configFile, JSON.stringify(json));
    await saveWeights(tensorFile, createParams(renamed));
    const again = await readLora(folder, { model: createModel(config, { loraAlpha: 8 }) });
    expect({ ...again.params }).toEqual({ ...some });
  });

  it('are refused where they count otherwise than in the model', async () => {
    await expect(readLora(folder, { model: createModel(config, { loraAlpha: 8 }) })).rejects.toThrow(
      "must have the model's rs_lora, got true. The scale belongs to the adapters: createModel(…, { loraAlpha: 8, rsLora: true })",
    );
    await expect(readLora(folder, { model: createModel(config, { rsLora: true }) })).rejects.toThrow(
      "must have the model's lora_alpha, got 8",
    );
  });

  it.each([
    [{ peft_type: 'IA3' }, 'must be of `peft_type` LORA, got "IA3"'],
    [{ use_dora: true }, 'must not set `use_dora`, got true'],
    [{ modules_to_save: ['visual_projection'] }, 'must not set `modules_to_save`, got ["visual_projection"]'],
    [{ bias: 'all' }, 'must have `bias` none, got all'],
    [{ init_lora_weights: 'pissa_niter_16' }, 'must belong to unchanged weights, got init_lora_weights pissa_niter_16'],
    [{ lora_alpha: 0 }, 'must have a `lora_alpha` above 0, got 0'],
    [{ alpha_pattern: { '(a+)+$': 2 } }, 'must list alphas above 0 by ends of module names in `alpha_pattern`, got `(a+)+$`'],
  ])('of another kind are refused by name: %j', async (change, message) => {
    await writeFile(configFile, JSON.stringify({ ...JSON.parse(await readFile(configFile, 'utf8')), ...change }));
    await expect(readLora(folder, { model })).rejects.toThrow(message);
  });

  it('must fit the model, one pair for every weight', async () => {
    const { params } = await readWeights(tensorFile);
    const save = (change: object) => saveWeights(tensorFile, { ...params, ...change } as Params<HostArray>);
    const fc1 = 'base_model.model.text_model.encoder.layers.0.mlp.fc1';
    await save({ [`${fc1}.lora_A.weight`]: zeros([3, 11]) });
    await expect(readLora(folder, { model })).rejects.toThrow(
      'must hold adapters [3, 12] and [48, 3] of `text_model.encoder.layers.0.mlp.fc1`, got [3, 11] and [48, 3]',
    );
    const module = 'base_model.model.text_model.final_layer_norm';
    await save({ [`${module}.lora_A.weight`]: zeros([2, 12]), [`${module}.lora_B.weight`]: zeros([12, 2]) });
    await expect(readLora(folder, { model })).rejects.toThrow(
      "must adapt modules of the model's towers, got `text_model.final_layer_norm`",
    );
    const twice = 'transformer.resblocks.0.mlp.c_fc';
    await save({ [`${twice}.lora_A.weight`]: zeros([1, 12]), [`${twice}.lora_B.weight`]: zeros([48, 1]) });
    await expect(readLora(folder, { model })).rejects.toThrow(/must adapt every weight once, got `.*` besides `.*`/);
    await save({ [`${fc1}.lora_magnitude_vector`]: zeros([48]) });
    await expect(readLora(folder, { model })).rejects.toThrow('and nothing else, got `base_model.model.text_model');
    const patches = 'base_model.model.vision_model.embeddings.patch_embedding';
    await save({ [`${patches}.lora_A.weight`]: zeros([65, 3, 4, 4]), [`${patches}.lora_B.weight`]: zeros([16, 65, 1, 1]) });
    await expect(readLora(folder, { model })).rejects.toThrow('must have a rank of at most 64');
    await rm(tensorFile);
    await expect(readLora(folder, { model })).rejects.toThrow('must hold adapter_model.safetensors or adapter_model.bin, got neither');
    await rm(configFile);
    await expect(readLora(folder, { model })).rejects.toThrow('must be a readable JSON file, got ENOENT');
  });
});

describe('saveLora', () => {
  const params = addLora(createKey(1), createModel(config).init(createKey(2)), { rank: 2 });

  it('refuses what a layout cannot hold, and what is not the model’s', async () => {
    const peft = { model, layout: 'peft' } as const;
    await expect(saveLora(folder, params, peft)).rejects.toThrow("`visual.conv1.weight` must be adapters that PEFT's layout can hold");
    const [adapters, weights] = partitionParams(params, isLora);
    await expect(saveLora(folder, weights, peft)).rejects.toThrow('`params` must hold adapters, got none');
    const wide = { ...adapters, 'visual.conv1.lora_A': zeros([8, 13]) };
    await expect(saveLora(join(folder, 'a.pt'), wide, { model })).rejects.toThrow('`visual.conv1.lora_A` [8, 13] instead of [8, 12]');
    await expect(saveLora(folder, adapters, { model, layout: 'onnx' as 'peft' })).rejects.toThrow("`layout` must be 'reference' or 'peft'");
  });

  it('loads adapters out of files that hold everything', async () => {
    const path = join(folder, 'all.safetensors');
    await saveWeights(path, params, { model });
    expect(Object.keys((await readLora(path, { model })).params).sort()).toEqual(Object.keys(partitionParams(params, isLora)[0]).sort());
    await saveWeights(path, partitionParams(params, isLora)[1], { model });
    await expect(readLora(path, { model })).rejects.toThrow('must hold adapters, got none. Whole weights are read by loadWeights');
  });
});
