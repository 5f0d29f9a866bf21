import type { Tensor } from '@tensorflow/tfjs-core';
import { mul, ones, range, scalar, slice, tensor1d, tile } from '@tensorflow/tfjs-core';
import * as losses from './index.js';
import type { ReductionOptions } from './reduction.js';
import { sampleOutput } from './testing/index.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** One loss over a batch, and inputs that it takes. */
export interface LossCase {
  readonly loss: (output: never, batch: never, options: ReductionOptions) => Tensor;
  /** What it is differentiated by. */
  readonly output: Tensors;
  readonly batch: Tensors;
  /** Values with `reduction: 'none'`: B images where nothing else is said. */
  readonly values?: number;
}

/** Inputs of every loss of the package over a random batch of B images, K = 2. The same seed gives the same numbers. */
export function everyLoss(B: number, seed = 0): Readonly<Record<string, LossCase>> {
  const { output, batch } = sampleOutput({ B, K: 2, P: 1, T: 4 }, seed); // one patch: no detached weights, so differences see all there is
  const { imageFeatures, textFeatures, imageTokens, textTokens, logitScale } = output;
  const other = sampleOutput({ B, K: 2 }, seed + 1).output;
  const features = { imageFeatures, textFeatures, logitScale };
  const pair = { imageFeatures, textFeatures };
  const logitBias = scalar(-2);
  const paraphraseFeatures = other.imageFeatures;
  const teacher = { teacherImageFeatures: other.imageFeatures, teacherTextFeatures: slice(other.textFeatures, 0, B) };
  const imageIds = range(0, B, 1, 'int32');
  const phrases = {
    imageTokens: sampleOutput({ B, P: 5 }, seed).output.imageTokens,
    phraseFeatures: slice(textFeatures, 0, 2 * B),
    logitBias,
  };
  const twice = slice(textFeatures, 0, 2 * B);
  return {
    clipLoss: { loss: losses.clipLoss, output: features, batch: {} },
    negClipLoss: { loss: losses.negClipLoss, output: features, batch },
    globalNegativeLoss: { loss: losses.globalNegativeLoss, output: features, batch },
    localNegativeLoss: {
      loss: (
        tokens: Omit<losses.DenseTokens, 'textMask'>,
        { textMask, ...batch }: losses.HasNegatives & Pick<losses.DenseTokens, 'textMask'>,
        options: ReductionOptions,
      ) => losses.localNegativeLoss({ ...tokens, textMask }, batch, options),
      output: { imageTokens, textTokens, logitScale },
      batch: { ...batch, textMask: output.textMask },
    },
    calibratedCrossEntropy: {
      loss: ({ logits }: { logits: Tensor }, { valid }: { valid: Tensor }, options: ReductionOptions) =>
        losses.calibratedCrossEntropy(logits, valid, options),
      output: { logits: mul(imageFeatures, 3) },
      batch: { valid: ones([B, imageFeatures.shape[1]!]) },
    },
    sigmoidLoss: { loss: losses.sigmoidLoss, output: { ...features, logitBias }, batch: {} },
    intraModalLoss: { loss: losses.intraModalLoss, output: features, batch },
    hingeLoss: { loss: losses.hingeLoss, output: pair, batch },
    rankLoss: { loss: losses.rankLoss, output: features, batch: { ...batch, rankMargins: tensor1d([3, 1]) } },
    tripletLoss: { loss: losses.tripletLoss, output: pair, batch: {} },
    multiPositiveLoss: { loss: losses.multiPositiveLoss, output: features, batch: { imageIds, textIds: tile(imageIds, [3]) } },
    textContrastLoss: { loss: losses.textContrastLoss, output: { textFeatures, paraphraseFeatures, logitScale }, batch: {} },
    textAlignmentLoss: { loss: losses.textAlignmentLoss, output: { textFeatures, paraphraseFeatures }, batch: {} },
    tripletClipLoss: {
      loss: losses.tripletClipLoss,
      output: { ...features, textFeatures: twice, negativeImageFeatures: other.imageFeatures },
      batch: {},
    },
    featureDistillationLoss: { loss: losses.featureDistillationLoss, output: pair, batch: teacher },
    similarityDistillationLoss: {
      loss: losses.similarityDistillationLoss,
      output: features,
      batch: { ...teacher, teacherLogitScale: scalar(20) },
    },
    phrasePatchLoss: {
      loss: losses.phrasePatchLoss,
      output: { ...phrases, logitScale },
      batch: { imageIds, phraseIds: tile(imageIds, [2]) },
      values: 2 * B,
    },
  };
}
