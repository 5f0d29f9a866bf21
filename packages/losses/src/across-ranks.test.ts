import '@tensorflow/tfjs';
import { createKey, type HostArray, OptionError, randomStream, ShapeError } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { type Collective, createSingle } from '@fsc-clip/distributed';
import { simulateRanks } from '@fsc-clip/distributed/testing';
import { relativeError } from '@fsc-clip/testdata';
import { div, exp, matMul, memory, norm, ones, type Scalar, slice, sum, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { acrossRanks, clipLoss, type Features, fscClipLoss, type HasNegatives, meanAcrossRanks, negClipLoss } from './index.js';
import { sampleOutput } from './testing/index.js';

const [size, B, K, D, P, T] = [4, 2, 2, 5, 3, 4];

/** What the towers of one rank are given. */
interface Share {
  readonly images: Tensor;
  readonly texts: Tensor;
  readonly textMask: Tensor;
  readonly negativeMask: Tensor;
}

const shareOf = (rank: number): Share => {
  const { normal } = randomStream(createKey(rank));
  const normals = (...shape: number[]) => tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal), shape);
  const { textMask } = sampleOutput({ B, K, T }, rank).output;
  // rank 0 has no negative at all, the others one in each slot but one
  const negativeMask = rank === 0 ? zeros([K, B]) : tensor([rank === 1 ? 0 : 1, 1, 1, 1], [K, B]);
  return { images: normals(B, P, D), texts: normals(B * (1 + K), T, D), textMask, negativeMask };
};
const shares = Array.from({ length: size }, (_, rank) => shareOf(rank));

/** The rows of all ranks in one process: images rank by rank, texts slot by slot. */
const whole: Share = tidy(() => {
  const rows = (array: Tensor, ...start: number[]) => array.slice(start, [B]);
  const perSlot = (name: 'texts' | 'textMask') =>
    Array.from({ length: 1 + K }, (_, slot) => shares.map((share) => rows(share[name], slot * B))).flat();
  return {
    images: shares.map(({ images }) => images).reduce((all, images) => all.concat(images)),
    texts: perSlot('texts').reduce((all, texts) => all.concat(texts)),
    textMask: perSlot('textMask').reduce((all, mask) => all.concat(mask)),
    negativeMask: shares.map((share) => share.negativeMask).reduce((all, mask) => all.concat(mask, 1)),
  };
});

const weights = {
  image: sampleOutput({ B: D, D: 6 }, 1).output.imageFeatures,
  text: sampleOutput({ B: D, D: 6 }, 2).output.imageFeatures,
  scale: tensor(1.5),
};
const unit = (x: Tensor) => div(x, norm(x, 2, -1, true));

/** Towers of one linear layer each: tokens, and their sum as the feature. */
function towers(params: Record<string, Tensor>, { images, texts, textMask }: Share) {
  const [imageTokens, textTokens] = [tokens(images, params['image']!), tokens(texts, params['text']!)];
  const features = { imageFeatures: unit(sum(imageTokens, 1)), textFeatures: unit(sum(textTokens, 1)) };
  return { ...features, imageTokens, textTokens, textMask, logitScale: exp(params['scale']!) };
}
const tokens = (x: Tensor, weight: Tensor) => matMul(x.reshape([-1, D]), weight).reshape([...x.shape.slice(0, -1), 6]);

type Output = ReturnType<typeof towers>;
type Gathered = Record<'imageFeatures' | 'textFeatures' | 'negativeMask', Tensor>;
type Loss = (output: Output, batch: HasNegatives & { readonly gathered: Gathered }) => Scalar;

const host = (x: Tensor): HostArray<Float32Array> => ({ data: x.dataSync<'float32'>(), shape: x.shape });
const asTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);

/** One rank's step up to the averaged gradients: features, gather, gradients of the weights, average. */
async function step(loss: Loss, { rank, allGather, allReduce }: Collective) {
  const share = shares[rank]!;
  const { imageFeatures, textFeatures } = towers(weights, share);
  const gather = async (x: Tensor) => asTensor(await allGather(host(x)));
  const gathered = {
    imageFeatures: await gather(imageFeatures),
    textFeatures: await gather(textFeatures),
    negativeMask: await gather(share.negativeMask),
  };
  const { value, grads } = valueAndGrads((params) => loss(towers(params, share), { ...share, gathered }))(weights);
  const mean = async (x: Tensor) => (await allReduce(host(x), 'mean')).data;
  return {
    value: (await mean(value))[0]!,
    own: value.dataSync()[0]!,
    image: await mean(grads['image']!),
    text: await mean(grads['text']!),
    scale: await mean(grads['scale']!),
  };
}

/** The same in one process. */
function single(loss: (output: Output, batch: HasNegatives) => Scalar) {
  const { value, grads } = valueAndGrads((params) => loss(towers(params, whole), whole))(weights);
  const numbers = Object.entries(grads).map(([name, grad]) => [name, grad.dataSync<'float32'>()] as const);
  return { value: value.dataSync()[0]!, grads: Object.fromEntries(numbers) };
}

const fsc = (output: Output, batch: HasNegatives) => fscClipLoss()(output, batch).total;

describe('acrossRanks: the gradients of 4 ranks, averaged, are those of the whole batch', () => {
  it.each<[string, (collective: Collective) => Loss, (output: Output, batch: HasNegatives) => Scalar]>([
    ['clipLoss', (collective) => acrossRanks(clipLoss, collective), clipLoss],
    ['negClipLoss', (collective) => acrossRanks(negClipLoss, collective), negClipLoss],
    ['fscClipLoss', (ranks) => (output, batch) => fscClipLoss({ ranks })(output, batch).total, fsc],
  ])('%s', async (_, ofRank, plain) => {
    const { value, grads } = single(plain);
    const results = await simulateRanks(size, (collective) => step(ofRank(collective), collective));
    for (const result of results) {
      expect(result.value).toBeCloseTo(value, 5);
      for (const name of ['image', 'text', 'scale'] as const) expect(relativeError(result[name], grads[name]!), name).toBeLessThan(1e-5);
    }
  });

  it('as the reference averages them: the towers’ gradient is 1/4 of it, the logit scale’s is not', async () => {
    const { grads } = single(clipLoss);
    const loss = (collective: Collective) => acrossRanks(clipLoss, { rank: collective.rank, size, gather: 'reference' });
    const [{ image, scale }] = (await simulateRanks(size, (collective) => step(loss(collective), collective))) as [
      Awaited<ReturnType<typeof step>>,
    ];
    const quarter = grads['image']!.map((number) => number / 4);
    expect(relativeError(image, quarter)).toBeLessThan(1e-5);
    expect(relativeError(scale, grads['scale']!)).toBeLessThan(1e-5);
  });

  it('every rank reports the value of the whole batch', async () => {
    const results = await simulateRanks(size, (collective) => step(acrossRanks(clipLoss, collective), collective));
    expect(results.map(({ own }) => own)).toEqual(Array(size).fill(expect.closeTo(single(clipLoss).value, 5)));
  });
});

describe('acrossRanks', () => {
  const { output } = sampleOutput({ B, K, D });
  const { imageFeatures, textFeatures } = output;

  it('is the plain loss for one rank', () => {
    const { value, grads } = valueAndGrads((params) => clipLoss({ ...output, ...params }))({ imageFeatures });
    const alone = acrossRanks(clipLoss, createSingle());
    const other = valueAndGrads((params) => alone({ ...output, ...params }, { gathered: { imageFeatures, textFeatures } }))({
      imageFeatures,
    });
    expect(other.value.dataSync()).toEqual(value.dataSync());
    expect(other.grads['imageFeatures']!.dataSync()).toEqual(grads['imageFeatures']!.dataSync());
  });

  it('reads B off whatever the output has', () => {
    // only texts: 2 captions and 2 paraphrases a rank; no name that says B, so the fewest rows do
    const seen: number[][] = [];
    const loss = (features: { a: Tensor; b: Tensor }, _batch: unknown) => {
      seen.push([...features.a.dataSync()], [...features.b.dataSync()]);
      return sum<Scalar>(features.a);
    };
    const ofRank = acrossRanks(loss, { rank: 1, size: 2 });
    ofRank(
      { a: tensor([5, 6, 7, 8]), b: tensor([9, 10]) },
      { gathered: { a: tensor([1, 2, 3, 4, 0, 0, 0, 0]), b: tensor([11, 12, 0, 0]) } },
    );
    expect(seen).toEqual([
      [1, 2, 5, 6, 3, 4, 7, 8],
      [11, 12, 9, 10],
    ]);
    // three phrases for two images: no whole number a text, in the order of the ranks
    const phrases = acrossRanks((all: { imageTokens: Tensor; phrases: Tensor }) => sum<Scalar>(all.phrases.slice(3)), { rank: 0, size: 2 });
    const gathered = { phrases: tensor([0, 0, 0, 4, 5, 6]) };
    expect(phrases({ imageTokens: ones([2, 1, 1]), phrases: tensor([1, 2, 3]) }, { gathered }).dataSync()[0]).toBe(15);
  });

  it('leaks nothing', () => {
    const loss = acrossRanks(clipLoss, { rank: 0, size: 1 });
    const before = memory().numTensors;
    loss(output, { gathered: { imageFeatures, textFeatures } }).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    expect(() => acrossRanks(clipLoss, { rank: 4, size: 4 })).toThrow(OptionError);
    expect(() => acrossRanks(clipLoss, { rank: 4, size: 4 })).toThrow('acrossRanks: `rank` must be an integer from 0 to 3, got 4');
    expect(() => acrossRanks(clipLoss, { rank: 0, size: 0 })).toThrow('acrossRanks: `size` must be a positive integer, got 0');
    expect(() => acrossRanks(clipLoss, { rank: 0, size: 1, gather: 'all' as 'exact' })).toThrow(
      "acrossRanks: `gather` must be 'exact' or 'reference', got all",
    );
    const loss = acrossRanks<Features, unknown>(clipLoss, { rank: 0, size: 2 });
    expect(() => loss(output, { gathered: { imageFeatures } })).toThrow(ShapeError);
    expect(() => loss(output, { gathered: { imageFeatures } })).toThrow(
      'acrossRanks: `gathered.imageFeatures` must hold the rows of 2 ranks, [4, 5], got [2, 5]',
    );
  });
});

describe('meanAcrossRanks', () => {
  it('weighs images by the images of all ranks: (2 + 4 + 6) / 3 where the ranks have means 3 and 6', () => {
    const perImage =
      (values: number[]) =>
      (_: unknown, { negativeMask }: HasNegatives) =>
        sum<Scalar>(tensor(values).mul(negativeMask.max(0)));
    const masks = [tensor([1, 1], [1, 2]), tensor([0, 1], [1, 2])];
    const gathered = { negativeMask: masks[0]!.concat(masks[1]!) };
    const [first, second] = [
      meanAcrossRanks(perImage([2, 4]), { rank: 0, size: 2 })({}, { negativeMask: masks[0]!, gathered }),
      meanAcrossRanks(perImage([9, 6]), { rank: 1, size: 2 })({}, { negativeMask: masks[1]!, gathered }),
    ];
    expect([first.dataSync()[0], second.dataSync()[0]]).toEqual([4, 4]); // 2 · 6 / 3 each: their mean is 12 / 3
  });

  it('is 0 without any negative, and names a mask that does not fit', () => {
    const loss = meanAcrossRanks((_: unknown, { negativeMask }: HasNegatives) => sum<Scalar>(negativeMask), { rank: 0, size: 1 });
    const negativeMask = zeros([1, 2]);
    expect(loss({}, { negativeMask, gathered: { negativeMask } }).dataSync()[0]).toBe(0);
    expect(() => loss({}, { negativeMask, gathered: { negativeMask: slice(negativeMask, [0, 0], [1, 1]) } })).toThrow(
      'meanAcrossRanks: `gathered.negativeMask` must be [1, 2], got [1, 1]',
    );
  });
});
