import '@tensorflow/tfjs';
import { createKey, type Params } from '@fsc-clip/core';
import { adamW, mergeParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { createModel, lockParams } from '@fsc-clip/models';
import { ones, reshape, sin, type Tensor, type Tensor1D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { createTrainStep, initTrainState } from './train-step.js';

const model = createModel({
  embed_dim: 6,
  vision_cfg: { image_size: 12, patch_size: 4, width: 16, layers: 2, head_width: 8, patch_dropout: 0.5 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 2 },
});
const params = model.init(createKey(1));
const batch = {
  images: reshape(sin(tensor1d(Array.from({ length: 2 * 3 * 144 }, (_, i) => 1.7 * i))), [2, 3, 12, 12]),
  texts: tensor2d([18, 4, 5, 19, 0, 18, 6, 19, 0, 0, 18, 5, 4, 19, 0, 18, 7, 6, 19, 0], [4, 5], 'int32'),
  negativeMask: ones([1, 2]),
};

const loss = fscClipLoss();

it('a compiled step trains what locked towers leave, with the gradients of the plain one', async () => {
  const [trainable, frozen] = lockParams(model, params, {
    image: { unlockedGroups: 2 },
    text: { unlockedLayers: 1, freezeLayerNorm: false },
  });
  const gradients = (trained: Params<Tensor>) =>
    valueAndGrads((trained: Params<Tensor>) => loss(model.apply(mergeParams(trained, frozen), batch, { denseTokens: true }), batch))(
      trained,
    ).grads;
  const compiled = jit(gradients);
  await expectEqual(await compiled(trainable), gradients(trainable));
  await compiled.dispose();

  const optimizer = adamW();
  const step = jit(createTrainStep({ model, loss, optimizer, frozen }));
  const { state } = await step(initTrainState(trainable, optimizer), batch, 0.01);
  expect(Object.keys(state.params)).toEqual(Object.keys(trainable));
  await step.dispose();
});

it('patches are left out alike in a compiled step and a plain one', async () => {
  const gradients = (trained: Params<Tensor>, key: Tensor1D) =>
    valueAndGrads((trained: Params<Tensor>) => loss(model.apply(trained, batch, { denseTokens: true, patchDropout: { key } }), batch))(
      trained,
    ).grads;
  const compiled = jit(gradients);
  for (const word of [1, 2]) {
    const key = tensor1d([word, 7], 'int32');
    await expectEqual(await compiled(params, key), gradients(params, key));
  }
  await compiled.dispose();
});

/** All numbers differ by at most 1e-5 of the largest of their array. */
async function expectEqual(compiled: Params<DeviceArray>, plain: Params<Tensor>): Promise<void> {
  expect(Object.keys(compiled)).toEqual(Object.keys(plain));
  for (const [name, value] of Object.entries(plain)) {
    const [numbers, expected] = [await compiled[name]!.read(), Array.from(value.dataSync())];
    const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const error = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - numbers[i]!)), 0);
    expect(error, name).toBeLessThanOrEqual(1e-5 * Math.max(largest, 0.01)); // a bias of keys has no gradient but rounding
  }
}
