import '@tensorflow/tfjs';
import { createKey, foldIn } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { add, memory, ones, type Scalar, square, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { packTexts } from '../packing/pack-texts.js';
import { planPacking } from '../packing/plan-packing.js';
import { type ApplyOptions, createModel, type ModelInput } from './create-model.js';

const model = createModel({
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
  text_cfg: { context_length: 7, vocab_size: 20, width: 12, heads: 3, layers: 3 },
});
const params = addLora(foldIn(createKey(1), 'lora'), model.init(createKey(1)), { rank: 2 });
const images = ones([2, 3, 8, 8]);
const ids = Int32Array.of(18, 4, 5, 19, 0, 0, 0, 18, 6, 19, 0, 0, 0, 0);
const host = { data: ids, shape: [2, 7] };
const packed = packTexts(host, planPacking([host]));
const tensors = Object.fromEntries(
  Object.entries(packed).map(([name, { data, shape }]) => [
    name,
    shape.length === 1 ? tensor1d(data) : tensor2d(data, shape as [number, number]),
  ]),
);
const loraDropout = { rate: 0.5, key: tensor1d([1, 2], 'int32') };

describe('apply with remat', () => {
  it.each<[string, ModelInput, ApplyOptions]>([
    ['padded texts', { images, texts: tensor2d(ids, [2, 7], 'int32') }, {}],
    ['packed texts', { images, packed: tensors as never }, {}],
    ['LoRA dropout', { images, packed: tensors as never }, { loraDropout }],
  ])('gives equal values and gradients and leaves nothing behind: %s', (_, input, options) => {
    const run = (remat: boolean) =>
      valueAndGrads((held) => {
        const { imageTokens, textTokens, logitScale } = model.apply(held, input, { ...options, denseTokens: true, remat });
        return add(add(sum(square(imageTokens)), sum(square(textTokens))), logitScale) as Scalar;
      })(params);
    const plain = run(false);
    const before = memory().numTensors;
    const again = run(true);
    expect(memory().numTensors - before).toBe(1 + Object.keys(params).length); // the value and the gradients
    const numbers = (tensor: Tensor) => [...tensor.dataSync()];
    expect(numbers(again.value)).toEqual(numbers(plain.value));
    for (const name of Object.keys(params)) expect(numbers(again.grads[name]!), name).toEqual(numbers(plain.grads[name]!));
  });
});
