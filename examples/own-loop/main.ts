// A training loop of one's own, with one loss imported: npx tsx --conditions=source examples/own-loop/main.ts
import '@tensorflow/tfjs'; // registers gradients
import { type Batch, createKey, type Params } from '@fsc-clip/core';
import { type AdamWState, adamW, valueAndGrads } from '@fsc-clip/core/tensor';
import { batches, evalTransform } from '@fsc-clip/data';
import { jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import type { Tensor } from '@tensorflow/tfjs-core';
import { colourScenes, concepts, draw, loadSprites, sceneNegatives } from '../emoji-scenes/index.js';
import { createSmallClip } from '../small-clip/small-clip.js';

type Inputs = Omit<Batch<Tensor>, 'keys'>;
const { model, tokenizer } = createSmallClip();
const loss = fscClipLoss({ localWeight: 0.5 });
const lossAndGrads = valueAndGrads((params, batch: Inputs) => loss(model.apply(params, batch, { denseTokens: true }), batch));
const optimizer = adamW();

// Forward, backward and AdamW: one program.
const update = ({ params, adam }: { params: Params<Tensor>; adam: AdamWState }, batch: Inputs) => {
  const { value, grads } = lossAndGrads(params, batch);
  const next = optimizer.update(grads, adam, params, { learningRate: 1e-3 });
  return { value, state: { params: next.params, adam: next.state } };
};
const step = jit(update, { device: 'cpu', donate: [0] });

const sprites = await loadSprites(concepts);
const scenes = colourScenes({ key: createKey(0), count: 10 * 32, split: 'train' });
const samples = scenes.map(({ id, caption, picture }) => ({ key: id, caption, image: () => draw(picture, sprites) }));
const options = { batchSize: 32, transform: evalTransform({ size: 64 }), tokenizer, negatives: sceneNegatives() };

const params = model.init(createKey(0));
let state: Parameters<typeof step>[0] = { params, adam: optimizer.init(params) };
for await (const batch of batches(samples, options)) {
  const result = await step(state, batch);
  state = result.state;
  console.log((await result.value.read())[0]);
  result.value.dispose();
}
