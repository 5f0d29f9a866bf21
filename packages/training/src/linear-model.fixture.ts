import type { ClipOutput, Params } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { cast, exp, expandDims, matMul, ones, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { TrainBatch, TrainModel } from './train-step.js';

const D = 3;

/** The smallest model with a `TrainModel`'s outline: each tower is one matrix, and tokens are features. */
export const linearModel: TrainModel = {
  apply: (params, { images, texts }): ClipOutput<Tensor> => {
    const imageFeatures = matMul(reshape(images, [images.shape[0]!, -1]), params['visual.proj']!); // [B, D]
    const textFeatures = matMul(cast(texts, 'float32'), params['text_projection']!); // [N, D]
    return {
      imageFeatures,
      textFeatures,
      imageTokens: expandDims(imageFeatures, 1),
      textTokens: expandDims(textFeatures, 1),
      textMask: ones([texts.shape[0]!, 1]),
      logitScale: exp(params['logit_scale']!),
    };
  },
};

/** Weights of `linearModel` for images [3, 2, 2] and texts of 2 positions. */
export function linearParams(logitScale = 1): Params<Tensor> {
  return createParams([
    ['text_projection', tensor([0.3, -0.2, 0.1, 0.5, 0.4, -0.6], [2, D])],
    ['logit_scale', tensor(logitScale)],
    [
      'visual.proj',
      tensor(
        Array.from({ length: 12 * D }, (_, i) => Math.sin(i)),
        [12, D],
      ),
    ],
  ]);
}

/** Two images, one negative each. */
export function linearBatch(seed = 0): TrainBatch {
  return {
    images: tensor(
      Array.from({ length: 24 }, (_, i) => Math.cos(i + seed)),
      [2, 3, 2, 2],
    ),
    texts: tensor([1, 2, 0, 1, 2, 2, 1, 0], [4, 2], 'int32'),
    negativeMask: tensor([1, 1], [1, 2]),
  };
}
