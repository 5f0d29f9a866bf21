import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { relativeError } from '@fsc-clip/testdata';
import { memory, mul, profile, type Scalar, scalar, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ChunkOptions, clipLoss, negClipLoss, type ReductionOptions, sigmoidLoss } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const { output, batch } = sampleOutput({ B: 7, K: 2 });
const { imageFeatures, textFeatures, logitScale } = output;
const inputs = { imageFeatures, textFeatures, logitScale, logitBias: scalar(-2) };
type Options = ChunkOptions & ReductionOptions;
type Loss = (features: typeof inputs, options: Options) => Tensor;

const losses: Readonly<Record<string, readonly [Loss, Readonly<Record<string, Tensor>>]>> = {
  clipLoss: [(features, options) => clipLoss(features, undefined, options), { imageFeatures, textFeatures, logitScale }],
  negClipLoss: [(features, options) => negClipLoss(features, batch, options), { imageFeatures, textFeatures, logitScale }],
  sigmoidLoss: [(features, options) => sigmoidLoss(features, undefined, options), inputs],
};

describe.each(Object.entries(losses))('%s in chunks', (name, [loss, params]) => {
  const at = (chunkSize: number | undefined, scale = 1) => {
    const options = chunkSize === undefined ? {} : { chunkSize };
    const of = (given: object) => loss({ ...inputs, ...given, logitScale: mul(logitScale, scale) }, options) as Scalar;
    const { logitScale: _, ...features } = params;
    return valueAndGrads(of)(features);
  };

  it.each([1, 2, 3, 7, 100])('of %i rows is the plain loss, value and gradient', (chunkSize) => {
    const [plain, chunked] = [at(undefined), at(chunkSize)];
    expect(relativeError(chunked.value.dataSync(), plain.value.dataSync() as Float32Array)).toBeLessThan(1e-6);
    for (const [input, gradient] of Object.entries(plain.grads)) {
      expect(relativeError(chunked.grads[input]!.dataSync(), gradient.dataSync() as Float32Array), input).toBeLessThan(2e-6);
    }
  });

  it('has true gradients, also by the scale', () => {
    const { pass, message } = checkGradients((given) => loss({ ...inputs, ...given }, { chunkSize: 3 }) as Scalar, params, { step: 1e-2 });
    expect(pass, message()).toBe(true);
  });

  it('has the same values per image, and stays finite at logits of ±1e4', () => {
    const [plain, chunked] = [undefined, 2].map((chunkSize) => loss(inputs, { ...(chunkSize && { chunkSize }), reduction: 'none' }));
    expect(relativeError(chunked!.dataSync(), plain!.dataSync() as Float32Array)).toBeLessThan(1e-6);
    const { value, grads } = at(2, 1e3);
    for (const tensor of [value, ...Object.values(grads)]) expect([...tensor.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('makes nothing as large as all pairs, forward or backward', async () => {
    const { kernels } = await profile(() => tidy(() => sum(at(2).value)));
    const sizes = kernels.flatMap(({ outputShapes }) => outputShapes.map((shape) => shape.reduce((size, length) => size * length, 1)));
    const texts = name === 'negClipLoss' ? 21 : 7;
    expect(Math.max(...sizes)).toBe(Math.max(2 * texts, textFeatures.size)); // a chunk's logits, or the features
  });

  it('leaks nothing, and refuses a size that is none', () => {
    const before = memory().numTensors;
    loss(inputs, { chunkSize: 2 }).dispose();
    const { value, grads } = at(2);
    for (const tensor of [value, ...Object.values(grads)]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
    expect(() => loss(inputs, { chunkSize: 0 })).toThrow(OptionError);
    expect(() => loss(inputs, { chunkSize: 0 })).toThrow(`${name}: \`chunkSize\` must be a positive integer, got 0`);
  });
});
