import '@tensorflow/tfjs';
import { createKey, type Params } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { add, memory, mul, reshape, type Scalar, slice, square, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClipConfig } from '../config/clip-config.js';
import { createModel } from './create-model.js';
import { keepPatches, keptCount } from './patch-dropout.js';

const config: ClipConfig = {
  embed_dim: 6,
  vision_cfg: { image_size: 12, patch_size: 4, width: 16, layers: 2, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
};
const model = createModel(config);
const params = model.init(createKey(1));
const key = (word: number) => tensor1d([word, 7], 'int32');
const numbers = (t: Tensor) => Array.from(t.dataSync());
const images = reshape(tensor1d(Array.from({ length: 2 * 3 * 144 }, (_, i) => Math.sin(1.7 * i))), [2, 3, 12, 12]);
const input = { images, texts: tensor2d([[18, 4, 5, 19, 0]], [1, 5], 'int32') };
const apply = (rate: number, word = 1) => model.apply(params, input, { denseTokens: true, patchDropout: { rate, key: key(word) } });

describe('keepPatches', () => {
  it('keeps as many as open_clip: rounded down, one at least', () => {
    expect(
      [
        [49, 0.5],
        [49, 0.1],
        [196, 0.75],
        [4, 0.99],
        [9, 0],
      ].map(([patches, rate]) => keptCount(patches!, rate!)),
    ).toEqual([24, 44, 49, 1, 9]);
  });

  it('takes different patches of each image, in their order, with their positions behind the class token', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 0.95, noNaN: true }), (word, rate) => {
        const kept = keptCount(9, rate);
        const { patches, positions } = keepPatches('apply', 3, 9, { rate, key: key(word) });
        expect([patches.dtype, positions.dtype]).toEqual(['int32', 'int32']);
        for (let image = 0; image < 3; image++) {
          const own = numbers(patches).slice(image * kept, (image + 1) * kept);
          expect(own).toEqual([...new Set(own)].toSorted((a, b) => a - b));
          expect(own.every((patch) => patch >= 9 * image && patch < 9 * image + 9)).toBe(true);
          const places = numbers(positions).slice(image * (kept + 1), (image + 1) * (kept + 1));
          expect(places).toEqual([0, ...own.map((patch) => patch - 9 * image + 1)]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('draws every patch alike often', () => {
    const counts = new Float64Array(9);
    for (let word = 0; word < 20; word++) {
      const { patches } = keepPatches('apply', 100, 9, { rate: 0.5, key: key(word) });
      for (const patch of numbers(patches)) counts[patch % 9]!++;
    }
    const [share, draws] = [4 / 9, 2000];
    for (const count of counts) expect(Math.abs(count / draws - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / draws));
  });
});

describe('patchDropout', () => {
  it('runs the tower over the kept patches as if the others were not there', () => {
    const { patches } = keepPatches('apply', 2, 9, { rate: 0.5, key: key(1) });
    const { imageTokens, imageFeatures } = apply(0.5);
    expect([imageTokens.shape, imageFeatures.shape]).toEqual([
      [2, 4, 6],
      [2, 6],
    ]);
    // The same by other means: an image of the kept patches alone, 4 x 4 pixels each, in a model with as many positions.
    for (const image of [0, 1]) {
      const kept = numbers(patches)
        .slice(4 * image, 4 * image + 4)
        .map((patch) => patch - 9 * image);
      const small = createModel({ ...config, vision_cfg: { ...config.vision_cfg, image_size: 8 } });
      const pixels = numbers(slice(images, [image, 0, 0, 0], [1, 3, 12, 12]));
      const moved = Array.from({ length: 3 * 64 }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
        const patch = kept[2 * Math.floor(y / 4) + Math.floor(x / 4)]!;
        return pixels[144 * channel + 12 * (4 * Math.floor(patch / 3) + (y % 4)) + 4 * (patch % 3) + (x % 4)]!;
      });
      const positions = numbers(params['visual.positional_embedding']!);
      const rows = [0, ...kept.map((patch) => patch + 1)].flatMap((row) => positions.slice(16 * row, 16 * row + 16));
      const own = { ...params, 'visual.positional_embedding': tensor2d(rows, [5, 16]) };
      const alone = small.apply(own, { ...input, images: reshape(tensor1d(moved), [1, 3, 8, 8]) }, { denseTokens: true });
      const all = numbers(imageTokens).slice(24 * image, 24 * image + 24);
      for (const [i, x] of numbers(alone.imageTokens).entries()) expect(all[i]).toBeCloseTo(x, 5);
      for (const [i, x] of numbers(alone.imageFeatures).entries()) expect(numbers(imageFeatures)[6 * image + i]).toBeCloseTo(x, 5);
    }
  });

  it('changes nothing at rate 0 and without a key, draws anew for every key and the same again', () => {
    const plain = numbers(model.apply(params, input).imageFeatures);
    for (const [i, x] of numbers(apply(0).imageFeatures).entries()) expect(x).toBeCloseTo(plain[i]!, 6);
    expect(
      numbers(createModel({ ...config, vision_cfg: { ...config.vision_cfg, patch_dropout: 0.5 } }).apply(params, input).imageFeatures),
    ).toEqual(plain);
    expect(numbers(apply(0.5, 1).imageTokens)).toEqual(numbers(apply(0.5, 1).imageTokens));
    expect(numbers(apply(0.5, 1).imageTokens)).not.toEqual(numbers(apply(0.5, 2).imageTokens));
  });

  it('takes its rate from the config', () => {
    const dropping = createModel({ ...config, vision_cfg: { ...config.vision_cfg, patch_dropout: 0.75 } });
    const { imageTokens } = dropping.apply(params, input, { denseTokens: true, patchDropout: { key: key(1) } });
    expect(imageTokens.shape).toEqual([2, 2, 6]);
  });

  it('gives gradients to the positions of what is seen alone', () => {
    const { patches } = keepPatches('apply', 1, 9, { rate: 0.8, key: key(3) });
    const one = { ...input, images: slice(images, [0, 0, 0, 0], [1, 3, 12, 12]) };
    const trained = { positions: params['visual.positional_embedding']! };
    const { grads } = valueAndGrads(({ positions }: Params<Tensor>) => {
      if (!positions) throw new Error('no positions');
      const all = { ...params, 'visual.positional_embedding': positions };
      const { imageFeatures, imageTokens } = model.apply(all, one, { denseTokens: true, patchDropout: { rate: 0.8, key: key(3) } });
      return add(sum(mul(imageFeatures, tensor1d([1, 2, 3, 4, 5, 6]))), sum(square(imageTokens))) as Scalar;
    })(trained);
    const moved = numbers(sum(square(grads['positions']!), 1)).flatMap((size, row) => (size > 0 ? [row] : []));
    expect(moved).toEqual([0, ...numbers(patches).map((patch) => patch + 1)]);
  });

  it('leaves no tensor behind', () => {
    const dropout = { rate: 0.5, key: key(1) };
    const before = memory().numTensors;
    for (const value of Object.values(model.apply(params, input, { denseTokens: true, patchDropout: dropout }))) value.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('refuses rates out of range', () => {
    expect(() => apply(1)).toThrow('apply: `patchDropout.rate` must be in [0, 1), got 1');
    expect(() => model.apply(params, input, { patchDropout: { key: key(1) } })).toThrow('`patchDropout.rate` must be in [0, 1), got none');
    expect(() => createModel({ ...config, vision_cfg: { ...config.vision_cfg, patch_dropout: 1 } })).toThrow(
      'createModel: `vision_cfg.patch_dropout` must be in [0, 1), got 1',
    );
  });
});
