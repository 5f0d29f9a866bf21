import '@tensorflow/tfjs';
import { createKey, type Params } from '@fsc-clip/core';
import { mergeParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { exp, mul, profile, reshape, type Scalar, sum, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { createModel } from '../model/create-model.js';
import { type LockOptions, lockParams } from './lock-params.js';

const model = createModel({
  embed_dim: 4,
  vision_cfg: { image_size: 8, patch_size: 4, width: 8, layers: 3, head_width: 4 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 6, heads: 2, layers: 2 },
});
const params = model.init(createKey(1));
const all = Object.keys(params);
const trained = (options: LockOptions, of: Params<Tensor> = params) => Object.keys(lockParams(model, of, options)[0]);
const under = (...prefixes: string[]) => all.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
const blocks = (prefix: string, ...layers: number[]) => layers.map((i) => `${prefix}transformer.resblocks.${i}.`);
const image = under('visual.');
const text = all.filter((name) => !name.startsWith('visual.') && name !== 'logit_scale');

describe('lockParams', () => {
  it.each([
    [0, []],
    [1, ['visual.proj']],
    [2, ['visual.proj', 'visual.ln_post', ...blocks('visual.', 2)]],
    [3, ['visual.proj', 'visual.ln_post', ...blocks('visual.', 1, 2)]],
    [4, ['visual.proj', 'visual.ln_post', ...blocks('visual.', 0, 1, 2)]],
    [5, ['visual.']],
  ])('unlocks %i groups of the image tower from its end on', (unlockedGroups, prefixes) => {
    const unlocked = trained({ image: { unlockedGroups } });
    expect(unlocked.toSorted()).toEqual([...text, 'logit_scale', ...under(...prefixes)].toSorted());
  });

  it.each([
    [0, []],
    [1, ['text_projection']],
    [2, ['text_projection', 'ln_final', ...blocks('', 1)]],
    [3, ['text_projection', 'ln_final', ...blocks('', 0, 1)]],
    [4, ['text_projection', 'ln_final', ...blocks('', 0, 1), 'token_embedding', 'positional_embedding']],
  ])('unlocks %i groups of the text tower from its end on', (unlockedLayers, prefixes) => {
    const unlocked = trained({ text: { unlockedLayers } });
    expect(unlocked.toSorted()).toEqual([...image, 'logit_scale', ...under(...prefixes)].toSorted());
  });

  it('leaves the LayerNorms of locked texts to train when told so', () => {
    const unlocked = trained({ image: { unlockedGroups: 0 }, text: { unlockedLayers: 1, freezeLayerNorm: false } });
    const norms = text.filter((name) => /ln_(1|2|final)\./.test(name));
    expect(norms.length).toBe(10);
    expect(unlocked.toSorted()).toEqual([...norms, 'text_projection', 'logit_scale'].toSorted());
  });

  it('splits every name once, and adapters as their weights', () => {
    const adapted = addLora(createKey(2), params, { rank: 2 });
    const [trainable, frozen] = lockParams(model, adapted, { image: { unlockedGroups: 2 }, text: { unlockedLayers: 2 } });
    expect(Object.keys(mergeParams(trainable, frozen)).toSorted()).toEqual(Object.keys(adapted).toSorted());
    expect(Object.keys(frozen)).toEqual(
      expect.arrayContaining(['visual.conv1.lora_A', 'transformer.resblocks.0.attn.in_proj_weight_lora_B']),
    );
    expect(Object.keys(trainable)).toEqual(expect.arrayContaining(['visual.transformer.resblocks.2.mlp.c_fc.lora_A']));
  });

  it('lets names of neither tower train', () => {
    expect(
      trained({ image: { unlockedGroups: 0 }, text: { unlockedLayers: 0 } }, { ...params, 'head.weight': params['visual.proj']! }),
    ).toEqual(['logit_scale', 'head.weight']);
  });

  it('refuses no tower and numbers beyond the groups', () => {
    expect(() => lockParams(model, params, {})).toThrow('lockParams: `options` must name a tower, `image` or `text`, got neither');
    expect(() => trained({ image: { unlockedGroups: 6 } })).toThrow(
      'lockParams: `image.unlockedGroups` must be an integer from 0 to 5, the groups of 3 layers, got 6',
    );
    expect(() => trained({ text: { unlockedLayers: -1 } })).toThrow('`text.unlockedLayers` must be an integer from 0 to 4');
  });
});

describe('what a locked tower costs', () => {
  const images = reshape(tensor1d(Array.from({ length: 192 }, (_, i) => Math.sin(i))), [1, 3, 8, 8]);
  const texts = tensor2d([[18, 4, 5, 19, 0]], [1, 5], 'int32');
  const loss = (image: Tensor, text: Tensor, scale: Tensor) => mul(scale, sum(mul(image, text))) as Scalar;
  const step = (options: LockOptions, of = model, weights = params) => {
    const [trainable, frozen] = lockParams(of, weights, options);
    return valueAndGrads((trained: Params<Tensor>) => {
      const { imageFeatures, textFeatures, logitScale } = of.apply(mergeParams(trained, frozen), { images, texts });
      return loss(imageFeatures, textFeatures, logitScale);
    })(trainable);
  };
  // Identity left out: a handle on the same numbers, which a tape keeps and a plain run doesn't.
  const kernels = async (run: () => unknown) => {
    const { kernels } = await profile(() => tidy(() => void run()));
    return kernels.filter(({ name }) => name !== 'Identity').length;
  };

  it('is no gradient for what is frozen, and the same one for the rest', () => {
    const options = { image: { unlockedGroups: 2 }, text: { unlockedLayers: 1 } };
    const { grads } = step(options);
    const whole = step({ image: { unlockedGroups: 5 } }).grads;
    expect(Object.keys(grads).toSorted()).toEqual(trained(options).toSorted());
    for (const [name, gradient] of Object.entries(grads)) expect([...gradient.dataSync()]).toEqual([...whole[name]!.dataSync()]);
  });

  it('is its forward pass alone when all of it is frozen', async () => {
    const [trainable] = lockParams(model, params, { image: { unlockedGroups: 0 } });
    const features = model.encodeImage(params, images);
    const withoutTower = await kernels(() =>
      valueAndGrads((trained: Params<Tensor>) => loss(features, model.encodeText(trained, texts), exp(trained['logit_scale']!)))(trainable),
    );
    const forward = await kernels(() => model.encodeImage(params, images));
    expect(await kernels(() => step({ image: { unlockedGroups: 0 } }))).toBe(withoutTower + forward);
  });

  it('grows with each block that trains, by that block alone', async () => {
    const deeper = createModel({ ...model.config, vision_cfg: { ...model.config.vision_cfg, layers: 4 } });
    const weights = deeper.init(createKey(1));
    const counts: number[] = []; // with the last block but one, and the one before, and the first
    for (const unlockedGroups of [3, 4, 5]) counts.push(await kernels(() => step({ image: { unlockedGroups } }, deeper, weights)));
    expect(counts[1]).toBeGreaterThan(counts[0]!);
    expect(counts[2]! - counts[1]!).toBe(counts[1]! - counts[0]!);
  });
});
