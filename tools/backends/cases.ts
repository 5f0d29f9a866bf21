import { type ClipOutput, createKey, foldIn, type Params, randomStream } from '@fsc-clip/core';
import { adamW, createParams, type LossTerms, mapParams, partitionParams, uniform, valueAndGrads } from '@fsc-clip/core/tensor';
import { type Device, type DeviceArray, jit } from '@fsc-clip/engine';
import * as losses from '@fsc-clip/losses';
import { sampleOutput } from '@fsc-clip/losses/testing';
import { addLora, type ClipConfig, createModel, isLora } from '@fsc-clip/models';
import { createTrainStep, initTrainState } from '@fsc-clip/training';
import { add, concat, mean, ones, type Scalar, square, sum, type Tensor, type Tensor1D, tensor } from '@tensorflow/tfjs-core';
import { everyLoss, type LossCase } from '../../packages/losses/src/every-loss.fixture.js';

/** Everything a case computes, by name. */
export type Numbers = Record<string, ArrayLike<number>>;

/** One thing that must come out the same on every backend. */
export type Case = (device: Device) => Promise<Numbers>;

type Arrays = Readonly<Record<string, Tensor>>;
type Loss = (output: never, batch: never, options: object) => Tensor | LossTerms;

/** Value, terms and gradients of a loss by everything in `output`. */
function lossCase(make: (sample: Sample) => { readonly loss: Loss; readonly output: Arrays; readonly batch: Arrays }): Case {
  return async (device) => {
    const { loss, output, batch } = make(sampleInputs());
    const params = createParams(Object.entries(output));
    const compute = (params: Params<Tensor>, batch: Arrays) => {
      const { value, terms, grads } = valueAndGrads((params) => loss(params as never, batch as never, {}) as Scalar | LossTerms)(params);
      return { value, terms, grads };
    };
    const compiled = jit(compute, { device });
    const { value, terms, grads } = await compiled(params, batch);
    const numbers = await readAll({ value, ...prefixed('term', terms), ...prefixed('gradient', grads) });
    await compiled.dispose();
    return numbers;
  };
}

/** Made when a case runs: on its backend. */
function sampleInputs() {
  const { output, batch } = sampleOutput({ B: 4, K: 2 });
  const { imageFeatures, textFeatures, imageTokens, textTokens, textMask, logitScale } = output;
  const features = { imageFeatures, textFeatures, logitScale };
  const tokens = { imageTokens, textTokens, logitScale };
  return { ...output, features, tokens, textMask, batch };
}

type Sample = ReturnType<typeof sampleInputs>;
type Tokens = Omit<losses.DenseTokens, 'textMask'>;

/** The losses over a batch that `everyLoss` has inputs for. */
const overBatch = [
  'clipLoss',
  'negClipLoss',
  'globalNegativeLoss',
  'localNegativeLoss',
  'calibratedCrossEntropy',
  'sigmoidLoss',
  'intraModalLoss',
  'hingeLoss',
  'rankLoss',
  'tripletLoss',
  'multiPositiveLoss',
  'textContrastLoss',
  'textAlignmentLoss',
  'tripletClipLoss',
  'featureDistillationLoss',
  'similarityDistillationLoss',
  'phrasePatchLoss',
];

/** Every function of `@fsc-clip/losses`, by its name; a name with a colon is a variant. */
export const lossCases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(overBatch.map((name) => [name, lossCase(() => everyLoss(4)[name]!)])),
  ...Object.fromEntries(
    ['clipLoss', 'negClipLoss', 'sigmoidLoss'].map((name) => {
      const chunked = (): LossCase => {
        const { loss, ...inputs } = everyLoss(4)[name]!;
        return { loss: (output, batch) => loss(output, batch, { chunkSize: 2 } as object), ...inputs };
      };
      return [`${name}: chunks`, lossCase(chunked)];
    }),
  ),
  'globalNegativeLoss: cross-entropy': lossCase((sample) => ({
    loss: (output: losses.Features, batch: losses.HasNegatives) =>
      losses.globalNegativeLoss(output, batch, { focalGamma: 0, labelSmoothing: 0 }),
    output: sample.features,
    batch: sample.batch,
  })),
  'localNegativeLoss: several patches': localCase({}),
  'localNegativeLoss: softmax': localCase({ normalizer: 'softmax' }),
  'localNegativeLoss: sparsify': localCase({ sparsify: true }),
  localScores: lossCase((sample) => ({
    loss: (output: Tokens) => mean<Scalar>(square(losses.localScores({ ...output, textMask: sample.textMask }))),
    output: sample.tokens,
    batch: {},
  })),
  fscClipLoss: lossCase((sample) => ({
    loss: (output: Omit<ClipOutput<Tensor>, 'textMask'>, batch: losses.HasNegatives) =>
      losses.fscClipLoss()({ ...output, textMask: sample.textMask }, batch),
    output: { ...sample.features, ...sample.tokens },
    batch: sample.batch,
  })),
  fscClipLossAcrossRanks: lossCase((sample) => ({
    loss: (output: Omit<ClipOutput<Tensor>, 'textMask'>, batch: losses.HasNegatives) => {
      const twice = (rows: Tensor) => concat([rows, rows]);
      const { imageFeatures, textFeatures } = sample;
      const gathered = { imageFeatures: twice(imageFeatures), textFeatures: twice(textFeatures), negativeMask: twice(batch.negativeMask) };
      const loss = losses.fscClipLossAcrossRanks({ rank: 1, size: 2 });
      return loss({ ...output, textMask: sample.textMask }, { ...batch, gathered });
    },
    output: { ...sample.features, ...sample.tokens },
    batch: sample.batch,
  })),
  combineLosses: lossCase((sample) => ({
    loss: losses.combineLosses({ clip: losses.clipLoss, negClip: losses.negClipLoss }, { negClip: 0.3 }),
    output: sample.features,
    batch: sample.batch,
  })),
  scheduleWeights: lossCase((sample) => ({
    loss: (output: losses.Features, batch: losses.HasNegatives) => {
      const weightsOf = losses.scheduleWeights({ clip: (step) => step / 10, negClip: 0.3 });
      return losses.combineLosses({ clip: losses.clipLoss, negClip: losses.negClipLoss })(output, batch, weightsOf(3));
    },
    output: sample.features,
    batch: sample.batch,
  })),
  acrossRanks: lossCase((sample) => ({
    loss: (output: losses.Features, batch: losses.HasNegatives) => {
      const gathered = {
        imageFeatures: concat([sample.imageFeatures, sample.imageFeatures]),
        textFeatures: concat([sample.textFeatures, sample.textFeatures]),
      };
      return losses.acrossRanks(losses.clipLoss, { rank: 1, size: 2 })(output, { ...batch, gathered });
    },
    output: sample.features,
    batch: sample.batch,
  })),
  meanAcrossRanks: lossCase((sample) => ({
    loss: (output: losses.Features, batch: losses.HasNegatives) => {
      const gathered = { negativeMask: concat([batch.negativeMask, batch.negativeMask]) };
      return losses.meanAcrossRanks(losses.globalNegativeLoss, { rank: 1, size: 2 })(output, { ...batch, gathered });
    },
    output: sample.features,
    batch: sample.batch,
  })),
  mineNegatives: lossCase((sample) => ({
    loss: (output: losses.Features) => {
      const mined = losses.mineNegatives(output, {}, { count: 2 });
      return losses.globalNegativeLoss({ ...output, textFeatures: mined.textFeatures }, mined);
    },
    output: sample.features,
    batch: {},
  })),
  nextRankMargins: lossCase((sample) => ({
    loss: (output: losses.Features, batch: losses.HasNegatives) =>
      losses.rankLoss(output, { ...batch, rankMargins: losses.nextRankMargins(output, { ...batch, rankMargins: ones([2]) }) }),
    output: sample.features,
    batch: sample.batch,
  })),
  updateTeacher: lossCase((sample) => ({
    loss: (params: Params<Tensor>) => {
      const teacher = losses.updateTeacher({ imageFeatures: ones([4, 8]) }, params, 0.9);
      return mean<Scalar>(square(teacher['imageFeatures']!));
    },
    output: { imageFeatures: sample.imageFeatures },
    batch: {},
  })),
  l2SpLoss: lossCase((sample) => ({
    loss: (params: Params<Tensor>) => losses.l2SpLoss(params, { imageFeatures: ones([4, 8]) }, { fresh: 0.5 }),
    output: sample.features,
    batch: {},
  })),
  alignmentMap: async (device) => {
    const { imageTokens, textTokens, textMask } = sampleOutput({ B: 4, K: 0 }).output;
    const compiled = jit(losses.alignmentMap, { device });
    const numbers = await readAll({ value: await compiled(imageTokens, textTokens, textMask) });
    await compiled.dispose();
    return numbers;
  },
};

function localCase(options: losses.LocalNegativeOptions): Case {
  return lossCase(({ tokens, textMask, batch }) => ({
    loss: (output: Tokens, batch: losses.HasNegatives) => losses.localNegativeLoss({ ...output, textMask }, batch, options),
    output: tokens,
    batch,
  }));
}

/** Two layers a tower: small enough for a WebGPU device in software. */
const config: ClipConfig = {
  embed_dim: 32,
  vision_cfg: { image_size: 32, layers: 2, width: 64, patch_size: 16, head_width: 32 },
  text_cfg: { context_length: 10, vocab_size: 64, width: 64, heads: 2, layers: 2 },
};

function randomBatch(B: number, K: number) {
  const random = randomStream(createKey(2));
  const word = () => 1 + random.integer(60);
  const texts = Array.from({ length: B * (1 + K) }, () => [62, word(), word(), 63, 0, 0, 0, 0, 0, 0]);
  return {
    images: { data: Float32Array.from({ length: B * 3 * 32 * 32 }, random.normal), shape: [B, 3, 32, 32] },
    texts: { data: Int32Array.from(texts.flat()), shape: [texts.length, 10] },
    negativeMask: { data: Float32Array.from({ length: K * B }, (_, i) => Number(i % 3 !== 2)), shape: [K, B] },
  };
}

/** Metrics of three steps of AdamW over the loss of FSC-CLIP, and the gradients of the first, by way of AdamW's first moment. */
function stepCase({ quickGelu, rank }: { readonly quickGelu: boolean; readonly rank?: number }): Case {
  return async (device) => {
    const key = createKey(1);
    const model = createModel({ ...config, quick_gelu: quickGelu });
    const [params, frozen] = rank === undefined ? [model.init(key), {}] : adapted(model.init(key), rank);
    const optimizer = adamW();
    const step = jit(createTrainStep({ model, loss: losses.fscClipLoss(), optimizer, frozen }), { device });
    const batch = randomBatch(4, 2);
    const numbers: Numbers = {};
    let state: Parameters<typeof step>[0] = initTrainState(params, optimizer);
    for (let i = 0; i < 3; i++) {
      const result = await step(state, batch, 1e-3);
      const moments = i === 0 ? prefixed('moment', result.state.optimizer.expAvg) : {};
      Object.assign(numbers, await readAll({ ...prefixed(`step ${i}`, result.metrics), ...moments }));
      state = result.state;
    }
    await step.dispose();
    return numbers;
  };
}

/** Adapters and frozen weights. No adapter starts at zero, as B does: the gradient of A would be zero too. */
function adapted(weights: Params<Tensor>, rank: number): [Params<Tensor>, Params<Tensor>] {
  const { normal } = randomStream(createKey(3));
  const [adapters, frozen] = partitionParams(addLora(foldIn(createKey(1), 'lora'), weights, { rank }), isLora);
  const moved = (value: Tensor) =>
    tensor(
      Float32Array.from({ length: value.size }, () => 0.1 * normal()),
      value.shape,
    );
  return [mapParams(adapters, (value) => add(value, moved(value))), frozen];
}

/** What a user's loop is made of. */
export const stepCases: Readonly<Record<string, Case>> = {
  'a full step': stepCase({ quickGelu: true }),
  'a full step, exact GELU': stepCase({ quickGelu: false }),
  'a LoRA step': stepCase({ quickGelu: true, rank: 2 }),
  'random numbers from a key': async (device) => {
    const compiled = jit((key: Tensor1D) => ({ drawn: uniform(key, [7]), total: sum(uniform(key, [100])) }), { device });
    const numbers = await readAll(await compiled({ data: Int32Array.of(1, -2), shape: [2] }));
    await compiled.dispose();
    return numbers;
  },
};

function prefixed<Value>(prefix: string, values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, value]));
}

async function readAll(arrays: Readonly<Record<string, DeviceArray>>): Promise<Numbers> {
  return Object.fromEntries(await Promise.all(Object.entries(arrays).map(async ([name, array]) => [name, await array.read()] as const)));
}
