import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { ones, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { addLora } from './add-lora.js';
import { loraDropout } from './lora-dropout.js';

const key = (word: number) => tensor1d([word, 7], 'int32');
const numbers = (t: Tensor) => Array.from(t.dataSync());

describe('loraDropout', () => {
  it('leaves out the share it is told and keeps the mean', () => {
    const dropped = numbers(loraDropout(ones([200, 50]), 'a.weight', { rate: 0.25, key: key(1) }));
    expect(new Set(dropped)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    const kept = dropped.filter((x) => x !== 0).length / dropped.length;
    expect(Math.abs(kept - 0.75)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 10_000)); // four standard deviations
  });

  it('draws anew for every key and every layer, and the same again', () => {
    const of = (name: string, word: number) => numbers(loraDropout(ones([8, 8]), name, { rate: 0.5, key: key(word) }));
    expect(of('a.weight', 1)).toEqual(of('a.weight', 1));
    expect(of('a.weight', 1)).not.toEqual(of('b.weight', 1));
    expect(of('a.weight', 1)).not.toEqual(of('a.weight', 2));
  });

  it('is there while training only', () => {
    const model = createModel({
      embed_dim: 6,
      vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
      text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
    });
    const params = addLora(createKey(2), model.init(createKey(1)), { rank: 2 });
    const input = { images: ones([1, 3, 8, 8]), texts: tensor2d([[18, 4, 5, 19, 0]], [1, 5], 'int32') };
    const features = (options: object) => {
      const { imageFeatures, textFeatures } = model.apply(params, input, options);
      return [...numbers(imageFeatures), ...numbers(textFeatures)];
    };
    const plain = features({});
    expect(features({})).toEqual(plain);
    expect(features({ loraDropout: { rate: 0, key: key(1) } })).toEqual(plain);
    expect(features({ loraDropout: { rate: 0.5, key: key(1) } })).not.toEqual(plain);
    expect([...numbers(model.encodeImage(params, input.images)), ...numbers(model.encodeText(params, input.texts))]).toEqual(plain);
    expect(() => features({ loraDropout: { rate: 1, key: key(1) } })).toThrow('apply: `loraDropout.rate` must be in [0, 1), got 1');
  });
});
