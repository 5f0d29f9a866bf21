import '@tensorflow/tfjs';
import { createKey, OptionError, type Params, ShapeError, WeightsError } from '@fsc-clip/core';
import { disposeParams, mapParams, partitionParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { memory, mul, ones, profile, type Scalar, sum, type Tensor, tensor, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { ClipConfig } from '../config/clip-config.js';
import { configs } from '../config/configs.js';
import { createModel } from './create-model.js';
import { initialize } from './initialize.js';

const config: ClipConfig = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
  text_cfg: { context_length: 7, vocab_size: 20, width: 12, heads: 3, layers: 2 },
};
const model = createModel(config);
const params = model.init(createKey(1));
const images = ones([2, 3, 8, 8]);
const texts = tensor2d(
  [
    [18, 4, 5, 19, 0, 0, 0],
    [18, 6, 19, 0, 0, 0, 0],
  ],
  [2, 7],
  'int32',
);
const numbers = (t: Tensor) => Array.from(t.dataSync());
const expectEqual = (a: Tensor, b: Tensor) => {
  expect(a.shape).toEqual(b.shape);
  const other = numbers(b);
  for (const [i, x] of numbers(a).entries()) expect(x).toBeCloseTo(other[i]!, 5);
};

describe('shapes', () => {
  // The counts of open_clip's models.
  it.each([
    ['ViT-B-32', 302, 151_277_313],
    ['ViT-B-16', 302, 149_620_737],
    ['ViT-L-14', 446, 427_616_513],
  ] as const)('%s has %i tensors with %i numbers', (name, tensors, count) => {
    const shapes = Object.values(createModel(name).shapes);
    expect(shapes.length).toBe(tensors);
    expect(shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)).toBe(count);
  });

  it('truncates the hidden width', () => {
    expect(createModel('ViT-g-14').shapes['visual.transformer.resblocks.0.mlp.c_fc.weight']).toEqual([6144, 1408]);
    expect(createModel('ViT-bigG-14').shapes['visual.transformer.resblocks.0.mlp.c_fc.weight']).toEqual([8192, 1664]);
    expect(createModel('ViT-e-14').shapes['visual.transformer.resblocks.0.mlp.c_fc.weight']).toEqual([15360, 1792]);
  });

  it('accepts every config of the table', () => {
    for (const name of Object.keys(configs) as (keyof typeof configs)[]) expect(createModel(name).config.embed_dim).toBeGreaterThan(0);
  });
});

describe('init', () => {
  it('is a function of the key and the name', () => {
    const again = model.init(createKey(1));
    const other = model.init(createKey(2));
    for (const [name, value] of Object.entries(params)) expect(numbers(again[name]!)).toEqual(numbers(value));
    expect(numbers(other['visual.proj']!)).not.toEqual(numbers(params['visual.proj']!));
    const deeper = createModel({ ...config, text_cfg: { ...config.text_cfg, layers: 3 } }).init(createKey(1));
    expect(numbers(deeper['visual.proj']!)).toEqual(numbers(params['visual.proj']!));
  });

  it('draws with the spread that was asked for', () => {
    const shape = [200, 201];
    const normal = initialize(createKey(3), 'a', { shape, initial: { std: 0.02 } }).data;
    const mean = normal.reduce((sum, x) => sum + x, 0) / normal.length;
    const std = Math.sqrt(normal.reduce((sum, x) => sum + (x - mean) ** 2, 0) / normal.length);
    expect(Math.abs(mean)).toBeLessThan(4e-4);
    expect(Math.abs(std / 0.02 - 1)).toBeLessThan(0.02);
    const uniform = initialize(createKey(3), 'a', { shape, initial: { bound: 0.5 } }).data;
    expect(Math.max(...uniform)).toBeGreaterThan(0.499);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(0.5);
    expect(Math.min(...uniform)).toBeLessThan(-0.499);
  });

  it('begins with scale 1 / 0.07, unit norms and no in_proj bias', () => {
    expect(model.apply(params, { images, texts }).logitScale.dataSync()[0]).toBeCloseTo(1 / 0.07, 4);
    expect(new Set(numbers(params['ln_final.weight']!))).toEqual(new Set([1]));
    expect(new Set(numbers(params['transformer.resblocks.0.attn.in_proj_bias']!))).toEqual(new Set([0]));
  });
});

describe('apply', () => {
  it('gives the same features with fewer padded positions, with any padding behind the end, and one tower at a time', () => {
    const { imageFeatures, textFeatures } = model.apply(params, { images, texts });
    const shorter = tensor2d(
      [
        [18, 4, 5, 19],
        [18, 6, 19, 0],
      ],
      [2, 4],
      'int32',
    );
    const [visual, textual] = partitionParams(params, (name) => name.startsWith('visual.'));
    expectEqual(model.encodeText(textual, shorter), textFeatures);
    expectEqual(model.encodeImage(visual, images), imageFeatures);
    const behind = texts.arraySync();
    for (const row of behind) row[6] = 3;
    expectEqual(model.encodeText(params, tensor2d(behind, [2, 7], 'int32')), textFeatures);
  });

  it('gives the same features and gradients without dense tokens, from less: the last block ends with the pooled positions', async () => {
    const run = (denseTokens: boolean) =>
      valueAndGrads((trained: Params<Tensor>) => {
        const options = denseTokens ? ({ denseTokens } as const) : {};
        const { imageFeatures, textFeatures, logitScale } = model.apply(trained, { images, texts }, options);
        return mul(logitScale, sum(mul(imageFeatures, textFeatures))) as Scalar;
      })(params);
    const [pooled, dense] = [run(false), run(true)];
    expectEqual(pooled.value, dense.value);
    for (const [name, gradient] of Object.entries(pooled.grads)) expectEqual(gradient, dense.grads[name]!);
    const widths = async (f: () => Tensor) => {
      const { kernels } = await profile(f);
      return kernels.flatMap(({ outputShapes: [shape] }) => (shape?.length === 2 && shape[1] === 4 * 16 ? shape[0]! : []));
    };
    const rows = await widths(() => model.encodeImage(params, images));
    expect([rows[0], rows.at(-1)]).toEqual([2 * 5, 2]); // the hidden layer of the first block, and of the last
  });

  it('returns dense tokens whose pooled positions are the features', () => {
    const output = model.apply(params, { images, texts }, { denseTokens: true });
    expect(output.imageTokens.shape).toEqual([2, 4, 6]);
    expect(output.textTokens.shape).toEqual([2, 7, 6]);
    expect(numbers(output.textMask)).toEqual([0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
    const end = numbers(output.textTokens).slice(3 * 6, 4 * 6); // text 0 ends at position 3
    const length = Math.hypot(...end);
    for (const [i, x] of numbers(output.textFeatures).slice(0, 6).entries()) expect(x).toBeCloseTo(end[i]! / length, 5);
  });

  it('keeps no tensor but its results and disposes none of its inputs', () => {
    const before = memory().numTensors;
    const output = model.apply(params, { images, texts }, { denseTokens: true });
    expect(memory().numTensors).toBe(before + 6);
    for (const value of Object.values(output)) value.dispose();
    expect(memory().numTensors).toBe(before);
    expect(images.isDisposed || texts.isDisposed).toBe(false);
  });

  it('multiplies branches by their layer scale', () => {
    const scaled = createModel({ ...config, text_cfg: { ...config.text_cfg, ls_init_value: 1e-3 } });
    expect(Object.keys(scaled.shapes).filter((name) => name.includes('.ls_')).length).toBe(4);
    const same = scaled.init(createKey(1));
    const unit = mapParams(same, (value, name) => (name.includes('.ls_') ? ones(value.shape) : value));
    expectEqual(scaled.encodeText(unit, texts), model.encodeText(params, texts));
    expect(numbers(scaled.encodeText(same, texts))[0]).not.toBeCloseTo(numbers(model.encodeText(params, texts))[0]!, 3);
  });
});

describe('errors', () => {
  it('names the wrong input or weight', () => {
    expect(() => model.encodeImage(params, ones([2, 3, 8, 9]))).toThrow('encodeImage: `images` must be [*, 3, 8, 8], got [2, 3, 8, 9]');
    expect(() => model.encodeText(params, ones([2, 7]))).toThrow('encodeText: `texts` must be int32, got float32');
    expect(() => model.encodeText(params, tensor2d([[1, 2, 3, 4, 5, 6, 7, 8]], [1, 8], 'int32'))).toThrow(ShapeError);
    const { 'visual.proj': proj, ...rest } = params;
    expect(() => model.encodeImage(rest, images)).toThrow(WeightsError);
    expect(() => model.encodeImage(rest, images)).toThrow('encodeImage: `params` must hold `visual.proj`, got none');
    expect(() => model.encodeImage({ ...rest, 'visual.proj': tensor([[1]]) }, images)).toThrow('`visual.proj` must be [16, 6], got [1, 1]');
    expect(proj?.shape).toEqual([16, 6]);
  });

  it('names the wrong config', () => {
    expect(() => createModel('ViT-B-33' as 'ViT-B-32')).toThrow("must be a known model, got 'ViT-B-33'. The nearest is ViT-B-32");
    expect(() => createModel('constructor' as 'ViT-B-32')).toThrow(OptionError);
    const vision = (more: object) => () => createModel({ ...config, vision_cfg: { ...config.vision_cfg, ...more } });
    expect(vision({ timm_model_name: 'vit' })).toThrow('`vision_cfg.timm_model_name` must be one of image_size, patch_size');
    expect(vision({ patch_size: 3 })).toThrow('must divide image_size 8, got 3');
    expect(vision({ head_width: 5 })).toThrow('must divide width 16, got 5');
    expect(vision({ head_width: 0.5 })).toThrow('`vision_cfg.head_width` must be a positive integer, got 0.5');
    expect(() => createModel(null as unknown as ClipConfig)).toThrow('`config` must be an object, got null');
    expect(vision({ layers: 0 })).toThrow('`vision_cfg.layers` must be a positive integer, got 0');
    expect(vision({ mlp_ratio: '4' })).toThrow('must be a positive number');
    expect(() => createModel({ ...config, text_cfg: undefined } as unknown as ClipConfig)).toThrow(
      '`text_cfg` must be an object, got nothing',
    );
    expect(() => createModel(config, { contextLength: 0.5 })).toThrow('`text_cfg.context_length` must be a positive integer');
    expect(() => createModel(config, { loraAlpha: 0 })).toThrow('`loraAlpha` must be a positive number, got 0');
  });

  it('takes options over the config', () => {
    const changed = createModel(config, { quickGelu: true, contextLength: 5 });
    expect(changed.config.quick_gelu).toBe(true);
    expect(changed.shapes['positional_embedding']).toEqual([5, 12]);
    disposeParams(changed.init(createKey(0)));
  });
});
