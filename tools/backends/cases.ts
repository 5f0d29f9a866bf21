import { type ClipOutput, createKey, foldIn, type Params, randomStream } from '@fsc-clip/core';
import { adamW, createParams, type LossTerms, mapParams, partitionParams, uniform, valueAndGrads } from '@fsc-clip/core/tensor';
import { type Device, type DeviceArray, jit } from '@fsc-clip/engine';
import * as losses from '@fsc-clip/losses';
import { sampleOutput } from '@fsc-clip/losses/testing';
import { addLora, type ClipConfig, createModel, isLora } from '@fsc-clip/models';
import { createTrainStep, initTrainState } from '@fsc-clip/training';
import { add, concat, mean, mul, ones, type Scalar, square, sum, type Tensor, type Tensor1D, tensor } from '@tensorflow/tfjs-core';

/** Everything a case computes, by name. */
export type Numbers = Record<string, ArrayLike<number>>;

/** One thing that must come out the same on every backend. */
export type Case = (device: Device) => Promise<Numbers>;

type Output = ClipOutput<Tensor>;
type Loss = (output: Output, batch: losses.HasNegatives) => Scalar | LossTerms;

const whole = ['imageFeatures', 'textFeatures', 'logitScale'] as const;
const dense = ['imageTokens', 'textTokens', 'logitScale'] as const;

/** Value, terms and gradients of a loss over a random output of a model. */
function lossCase(names: readonly (keyof Output)[], loss: Loss): Case {
  return async (device) => {
    const { output, batch } = sampleOutput({ B: 4, K: 2 });
    const params = createParams(names.map((name) => [name, output[name]] as const));
    const compute = (params: Params<Tensor>, rest: Output, negatives: losses.HasNegatives) => {
      const { value, terms, grads } = valueAndGrads((params) => loss({ ...rest, ...params }, negatives))(params);
      return { value, terms, grads };
    };
    const compiled = jit(compute, { device });
    const { value, terms, grads } = await compiled(params, output, batch);
    const numbers = await readAll({ value, ...prefixed('term', terms), ...prefixed('gradient', grads) });
    await compiled.dispose();
    return numbers;
  };
}

/** Every function of `@fsc-clip/losses`, by its name; a name with a colon is a variant. */
export const lossCases: Readonly<Record<string, Case>> = {
  clipLoss: lossCase(whole, losses.clipLoss),
  negClipLoss: lossCase(whole, losses.negClipLoss),
  globalNegativeLoss: lossCase(whole, losses.globalNegativeLoss),
  'globalNegativeLoss: cross-entropy': lossCase(whole, (output, batch) =>
    losses.globalNegativeLoss(output, batch, { focalGamma: 0, labelSmoothing: 0 }),
  ),
  localNegativeLoss: lossCase(dense, losses.localNegativeLoss),
  'localNegativeLoss: softmax': lossCase(dense, (output, batch) => losses.localNegativeLoss(output, batch, { normalizer: 'softmax' })),
  'localNegativeLoss: sparsify': lossCase(dense, (output, batch) => losses.localNegativeLoss(output, batch, { sparsify: true })),
  localScores: lossCase(dense, (output) => mean<Scalar>(square(losses.localScores(output)))),
  calibratedCrossEntropy: lossCase(['imageFeatures', 'logitScale'], ({ imageFeatures, logitScale }) =>
    losses.calibratedCrossEntropy(mul(logitScale, imageFeatures), ones([4, 8])),
  ),
  fscClipLoss: lossCase([...new Set([...whole, ...dense])], losses.fscClipLoss()),
  combineLosses: lossCase(whole, losses.combineLosses({ clip: losses.clipLoss, negClip: losses.negClipLoss }, { negClip: 0.3 })),
  scheduleWeights: lossCase(whole, (output, batch) => {
    const weightsOf = losses.scheduleWeights({ clip: (step) => step / 10, negClip: 0.3 });
    return losses.combineLosses({ clip: losses.clipLoss, negClip: losses.negClipLoss })(output, batch, weightsOf(3));
  }),
  acrossRanks: lossCase(whole, (output, batch) => {
    const { imageFeatures, textFeatures } = output;
    const gathered = { imageFeatures: concat([imageFeatures, imageFeatures]), textFeatures: concat([textFeatures, textFeatures]) };
    return losses.acrossRanks(losses.clipLoss, { rank: 1, size: 2 })(output, { ...batch, gathered });
  }),
  meanAcrossRanks: lossCase(whole, (output, batch) => {
    const gathered = { negativeMask: concat([batch.negativeMask, batch.negativeMask]) };
    return losses.meanAcrossRanks(losses.globalNegativeLoss, { rank: 1, size: 2 })(output, { ...batch, gathered });
  }),
  alignmentMap: async (device) => {
    const { imageFeatures: _, ...output } = sampleOutput({ B: 4, K: 0 }).output;
    const compiled = jit(losses.alignmentMap, { device });
    const numbers = await readAll({ value: await compiled(output.imageTokens, output.textTokens, output.textMask) });
    await compiled.dispose();
    return numbers;
  },
};

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
