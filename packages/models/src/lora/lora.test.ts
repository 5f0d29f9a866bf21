import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { partitionParams } from '@fsc-clip/core/tensor';
import { memory, ones, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { adapterNames, adapterShapes, isLora } from './adapters.js';
import { addLora } from './add-lora.js';
import { mergeLora } from './merge-lora.js';

const config = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
};
const model = createModel(config);
const params = model.init(createKey(1));
const input = { images: ones([1, 3, 8, 8]), texts: tensor2d([[18, 4, 5, 19, 0]], [1, 5], 'int32') };
const numbers = (t: Tensor) => Array.from(t.dataSync());
const largestDifference = (a: Tensor, b: Tensor) => Math.max(...numbers(a).map((x, i) => Math.abs(x - numbers(b)[i]!)));

describe('addLora', () => {
  // The reference's totals at rank 4.
  it.each([
    ['ViT-B-32', 4_141_056],
    ['ViT-B-16', 1_772_544],
    ['ViT-L-14', 2_967_856],
  ] as const)('%s has %i numbers in adapters of rank 4', (name, total) => {
    const adapted = Object.entries(createModel(name).shapes).filter(([weight]) => /resblocks.*(_proj|c_fc)[._]weight$|conv1/.test(weight));
    const sizes = adapted.flatMap(([, shape]) => adapterShapes(shape, 4)).map(([rows, columns]) => rows * columns);
    if (name === 'ViT-B-32') expect(sizes.length).toBe(194);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
  });

  it('adds the reference’s keys, keeps the weights, and draws by name', () => {
    const adapted = addLora(createKey(2), params, { rank: 2 });
    const [adapters, rest] = partitionParams(adapted, isLora);
    expect(Object.keys(adapters).length).toBe(18);
    for (const [name, value] of Object.entries(rest)) expect(value).toBe(params[name]);
    const some = addLora(createKey(2), params, { rank: 2, targets: ['c_fc'] });
    const fc = 'transformer.resblocks.0.mlp.c_fc.lora_A';
    expect(numbers(some[fc]!)).toEqual(numbers(adapted[fc]!));
    expect(Object.keys(some).filter(isLora).length).toBe(4);
  });

  it('changes nothing before the first step with zeroB, and something with the reference’s init', () => {
    const { textFeatures } = model.apply(params, input);
    const zeroB = model.apply(addLora(createKey(2), params, { rank: 2, init: 'zeroB' }), input);
    const reference = model.apply(addLora(createKey(2), params, { rank: 2 }), input);
    expect(numbers(zeroB.textFeatures)).toEqual(numbers(textFeatures));
    expect(largestDifference(reference.textFeatures, textFeatures)).toBeGreaterThan(1e-3);
  });

  it('refuses what it cannot do', () => {
    const call =
      (options: object, weights = params) =>
      () =>
        addLora(createKey(2), weights, { rank: 2, ...options });
    expect(call({ rank: 0 })).toThrow('addLora: `rank` must be a positive integer, got 0');
    expect(call({ targets: ['c_fc', 'c_fcc'] })).toThrow('`targets` must name weights that can be adapted, got c_fcc');
    expect(call({ targets: [/ln_1/] })).toThrow('`targets` must name weights that can be adapted, got /ln_1/');
    expect(call({ targets: ['conv1'], towers: 'text' })).toThrow('`targets` must name weights that can be adapted, got conv1');
    expect(call({ towers: 'left' })).toThrow("`towers` must be 'both', 'image' or 'text', got left");
    expect(call({ targets: [] })).toThrow('must name weights that `params` holds, got none');
    expect(call({ init: 'zero' })).toThrow("`init` must be 'reference' or 'zeroB', got zero");
    expect(call({}, addLora(createKey(2), params, { rank: 1 }))).toThrow('must hold no adapters of the targets yet');
  });
});

describe('mergeLora', () => {
  it.each([1, 8])('computes the same with alpha %i, without adapters', (alpha) => {
    const scaled = createModel(config, { loraAlpha: alpha });
    const adapted = addLora(createKey(2), params, { rank: 2 });
    const merged = mergeLora(adapted, scaled);
    expect(Object.keys(merged)).toEqual(Object.keys(params));
    const [ours, expected] = [scaled.apply(merged, input), scaled.apply(adapted, input)];
    expect(largestDifference(ours.imageFeatures, expected.imageFeatures)).toBeLessThan(2e-6);
    expect(largestDifference(ours.textFeatures, expected.textFeatures)).toBeLessThan(2e-6);
    expect(largestDifference(expected.textFeatures, model.apply(params, input).textFeatures)).toBeGreaterThan(1e-3);
  });

  it('makes a tensor for each adapted weight only', () => {
    const adapted = addLora(createKey(2), params, { rank: 2, targets: ['conv1'] });
    const before = memory().numTensors;
    const merged = mergeLora(adapted);
    expect(memory().numTensors).toBe(before + 1);
    expect(merged['visual.proj']).toBe(params['visual.proj']);
  });

  it('refuses adapters without partner or weight', () => {
    const adapted = addLora(createKey(2), params, { rank: 2, targets: ['conv1'] });
    const [a, b] = adapterNames('visual.conv1.weight');
    const without = (name: string) => Object.fromEntries(Object.entries(adapted).filter(([other]) => other !== name));
    expect(() => mergeLora(without(b))).toThrow('`visual.conv1.weight` must have both adapters, got only visual.conv1.lora_A');
    expect(() => mergeLora(without(a))).toThrow('got only visual.conv1.lora_B');
    expect(() => mergeLora(without('visual.conv1.weight'))).toThrow('mergeLora: `visual.conv1.lora_A` must stand beside its weight');
    expect(() => mergeLora(adapted, { loraAlpha: Number.NaN })).toThrow('`loraAlpha` must be a positive number');
  });
});
