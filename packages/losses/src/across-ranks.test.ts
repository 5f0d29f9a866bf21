import '@tensorflow/tfjs';
import { createKey, type HostArray, OptionError, randomStream, ShapeError } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { type Collective, createSingle } from '@fsc-clip/distributed';
import { simulateRanks } from '@fsc-clip/distributed/testing';
import { relativeError } from '@fsc-clip/testdata';
import {
  add,
  addN,
  concat,
  div,
  exp,
  matMul,
  memory,
  mul,
  norm,
  ones,
  reshape,
  type Scalar,
  scalar,
  slice,
  sum,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from './index.js';
import { acrossRanks, clipLoss, type Features, fscClipLoss, fscClipLossAcrossRanks, type HasNegatives, meanAcrossRanks } from './index.js';
import { sampleOutput } from './testing/index.js';

const [size, B, K, D, P, T] = [4, 2, 2, 5, 3, 4];

type Arrays = Record<string, Tensor>;

/** What one rank has: inputs of its towers, and its batch. */
const shareOf = (rank: number): Arrays => {
  const { normal } = randomStream(createKey(rank));
  const normals = (...shape: number[]) => tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal), shape);
  const { textMask } = sampleOutput({ B, K, T }, rank).output;
  const [first, second] = [rank === 3 ? 0 : 2 * rank, 2 * rank + 1]; // rank 3 has an image of rank 0
  return {
    images: normals(B, P, D),
    texts: normals(B * (1 + K), T, D),
    textMask,
    paraphrases: normals(B, T, D),
    negativeImages: normals(B, P, D),
    phrases: normals(2 * B, T, D),
    // rank 0 has no negative at all, the others one in each slot but one
    negativeMask: rank === 0 ? zeros([K, B]) : tensor([rank === 1 ? 0 : 1, 1, 1, 1], [K, B]),
    imageIds: tensor([first, second], [B], 'int32'),
    textIds: tensor([first, second, first, -1, -1, -1], [B * (1 + K)], 'int32'),
    phraseIds: tensor([first, second, second, -1], [2 * B], 'int32'),
    teacherImageFeatures: unit(normals(B, 3)),
    teacherTextFeatures: unit(normals(B, 3)),
  };
};
const unit = (x: Tensor) => div(x, norm(x, 2, -1, true));
const shares = Array.from({ length: size }, (_, rank) => shareOf(rank));

/** The rows of all ranks in one process: images rank by rank, texts slot by slot. */
const whole: Arrays = tidy(() => {
  const joined = (name: string): Tensor => {
    const parts = shares.map((share) => share[name]!);
    if (name === 'negativeMask') return concat(parts, 1);
    const slots = parts[0]!.shape[0]! / B;
    return concat(Array.from({ length: slots }, (_, slot) => parts.map((part) => slice(part, slot * B, B))).flat());
  };
  return Object.fromEntries(Object.keys(shares[0]!).map((name) => [name, joined(name)]));
});

const weights = {
  image: sampleOutput({ B: D, D: 6 }, 1).output.imageFeatures,
  text: sampleOutput({ B: D, D: 6 }, 2).output.imageFeatures,
  scale: tensor(1.5),
  bias: tensor(-2),
};
const tokens = (x: Tensor, weight: Tensor) => reshape(matMul(reshape(x, [-1, D]), weight), [...x.shape.slice(0, -1), 6]);

/** Towers of one linear layer each: tokens, and their sum as the feature. */
function towers({ image, text, scale, bias }: Arrays, share: Arrays) {
  const feature = (name: string, weight: Tensor) => unit(sum(tokens(share[name]!, weight), 1));
  return {
    imageFeatures: feature('images', image!),
    negativeImageFeatures: feature('negativeImages', image!),
    textFeatures: feature('texts', text!),
    paraphraseFeatures: feature('paraphrases', text!),
    phraseFeatures: feature('phrases', text!),
    imageTokens: tokens(share['images']!, image!),
    textTokens: tokens(share['texts']!, text!),
    textMask: share['textMask']!,
    logitScale: exp(scale!),
    logitBias: bias!,
  };
}

type Output = ReturnType<typeof towers>;
type Batch = losses.HasNegatives & losses.HasTextIds & losses.HasPhraseIds & losses.TeacherFeatures;
type Gathered = Record<Exclude<keyof Output | keyof Batch, 'logitScale' | 'logitBias' | 'textTokens' | 'textMask'>, Tensor>;
type Loss = (output: Output, batch: Batch) => Scalar;
type RankLoss = (output: Output, batch: Batch & { readonly gathered: Gathered }) => Scalar;

const host = (x: Tensor) => ({ data: x.dataSync() as Float32Array, shape: x.shape });
const asTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);

/** Nothing, by way of every weight: a loss need not have a path to all of them. */
const reached = (params: Arrays) => mul<Scalar>(0, addN(Object.values(params).map((weight) => sum(weight))));

/** One rank's step up to the averaged gradients: features, gather, gradients of the weights, average. */
async function step(loss: RankLoss, { rank, allGather, allReduce }: Collective) {
  const share = shares[rank]!;
  const batch = share as unknown as Batch;
  const { logitScale: _, logitBias: __, textTokens: ___, textMask: ____, ...rows } = { ...share, ...towers(weights, share) };
  const gathered: Arrays = {};
  for (const [name, x] of Object.entries(rows)) gathered[name] = asTensor(await allGather(host(x)));
  const { value, grads } = valueAndGrads((params) => {
    const output = towers({ ...weights, ...params }, share);
    return add(loss(output, { ...batch, gathered: gathered as Gathered }), reached(params));
  })(weights);
  const mean = async (x: Tensor) => (await allReduce(host(x), 'mean')).data;
  const averaged: Record<string, Float32Array> = {};
  for (const [name, grad] of Object.entries(grads)) averaged[name] = await mean(grad);
  return { value: (await mean(value))[0]!, own: value.dataSync()[0]!, grads: averaged };
}

/** The same in one process. */
function single(loss: Loss) {
  const { value, grads } = valueAndGrads((params) => {
    const output = towers({ ...weights, ...params }, whole);
    return add(loss(output, whole as unknown as Batch), reached(params));
  })(weights);
  const numbers = Object.entries(grads).map(([name, grad]) => [name, grad.dataSync<'float32'>()] as const);
  return { value: value.dataSync()[0]!, grads: Object.fromEntries(numbers) };
}

const twice = (output: Output) => ({ ...output, textFeatures: slice(output.textFeatures, 0, 2 * output.imageFeatures.shape[0]!) });

/** Every loss that looks across the batch. */
const acrossBatch: Readonly<Record<string, Loss>> = {
  clipLoss,
  negClipLoss: losses.negClipLoss,
  sigmoidLoss: losses.sigmoidLoss,
  tripletLoss: losses.tripletLoss,
  'tripletLoss: all': (output, batch) => losses.tripletLoss(output, batch, { hardest: false }),
  multiPositiveLoss: losses.multiPositiveLoss,
  textContrastLoss: losses.textContrastLoss,
  tripletClipLoss: (output) => losses.tripletClipLoss(twice(output)),
  similarityDistillationLoss: (output, batch) => losses.similarityDistillationLoss(output, { ...batch, teacherLogitScale: scalar(5) }),
  phrasePatchLoss: losses.phrasePatchLoss,
  'mineNegatives for globalNegativeLoss': (output, batch) => {
    const mined = losses.mineNegatives(output, batch, { count: 2 });
    return losses.globalNegativeLoss({ ...output, textFeatures: mined.textFeatures }, mined);
  },
};

describe('acrossRanks: the gradients of 4 ranks, averaged, are those of the whole batch', () => {
  const cases: Record<string, readonly [Loss, (ranks: Collective) => RankLoss]> = {
    ...Object.fromEntries(
      Object.entries(acrossBatch).map(([name, loss]) => [name, [loss, (ranks: Collective) => acrossRanks(loss, ranks)]]),
    ),
    fscClipLossAcrossRanks: [
      (output, batch) => fscClipLoss()(output, batch).total,
      (ranks) => (output, batch) => fscClipLossAcrossRanks(ranks)(output, batch).total,
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, [plain, ofRank]) => {
    const { value, grads } = single(plain);
    const results = await simulateRanks(size, (collective) => step(ofRank(collective), collective));
    for (const result of results) {
      expect(result.value).toBeCloseTo(value, 4);
      for (const [name, grad] of Object.entries(grads)) expect(relativeError(result.grads[name]!, grad), name).toBeLessThan(1e-5);
    }
  });

  it('as the reference averages them: the towers’ gradient is 1/4 of it, the logit scale’s is not', async () => {
    const { grads } = single(clipLoss);
    const loss = ({ rank }: Collective) => acrossRanks(acrossBatch['clipLoss']!, { rank, size, gather: 'reference' });
    const results = await simulateRanks(size, (collective) => step(loss(collective), collective));
    const quarter = grads['image']!.map((number) => number / 4);
    expect(relativeError(results[0]!.grads['image']!, quarter)).toBeLessThan(1e-5);
    expect(relativeError(results[0]!.grads['scale']!, grads['scale']!)).toBeLessThan(1e-5);
  });

  it('every rank reports the value of the whole batch', async () => {
    const results = await simulateRanks(size, (collective) => step(acrossRanks(acrossBatch['clipLoss']!, collective), collective));
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
    // @ts-expect-error nothing gathered
    expect(() => loss(output, {})).toThrow('acrossRanks: `batch.gathered` must be there: the arrays of all ranks by name, got none');
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
