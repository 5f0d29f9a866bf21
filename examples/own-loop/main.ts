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

const { model, tokenizer } = createSmallClip();
const loss = fscClipLoss({ localWeight: 0.5 });
const optimizer = adamW();
const lossAndGrads = valueAndGrads((params, batch: Omit<Batch<Tensor>, 'keys'>) =>
  loss(model.apply(params, batch, { denseTokens: true }), batch),
);

// Forward, backward and AdamW: one program.
const step = jit(
  (params: Params<Tensor>, state: AdamWState, batch: Omit<Batch<Tensor>, 'keys'>) => {
    const { value, grads } = lossAndGrads(params, batch);
    return { value, ...optimizer.update(grads, state, params, { learningRate: 1e-3 }) };
  },
  { device: 'cpu', donate: [0, 1] },
);

const sprites = await loadSprites(concepts);
const samples = colourScenes({ key: createKey(0), count: 10 * 32, split: 'train' }).map(({ id, caption, picture }) => ({
  key: id,
  caption,
  image: () => draw(picture, sprites),
}));
const first = model.init(createKey(0));
let state: Pick<Awaited<ReturnType<typeof step>>, 'params' | 'state'> | undefined;
const options = { batchSize: 32, transform: evalTransform({ size: 64 }), tokenizer, negatives: sceneNegatives() };
for await (const { keys, ...batch } of batches(samples, options)) {
  const { value, ...next } = await step(state?.params ?? first, state?.state ?? optimizer.init(first), batch);
  state = next;
  console.log((await value.read())[0]);
  value.dispose();
}
