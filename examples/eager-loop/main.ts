// A training loop without `jit`: plain functions over tfjs tensors. On CUDA by @tensorflow/tfjs-node-gpu, here on what there is:
//   npx tsx --conditions=source examples/eager-loop/main.ts [--steps 3] [--batch 4] [--tfjs @tensorflow/tfjs-node]
import '@tensorflow/tfjs'; // the one import to change: with '@tensorflow/tfjs-node-gpu' all below runs on the GPU
import { parseArgs } from 'node:util';
import { createKey, type HostArray } from '@fsc-clip/core';
import { adamW } from '@fsc-clip/core/tensor';
import { batches, evalTransform } from '@fsc-clip/data';
import { fscClipLoss } from '@fsc-clip/losses';
import { createTrainStep, initTrainState, readMetrics } from '@fsc-clip/training';
import { dispose, getBackend, memory, ready, tensor } from '@tensorflow/tfjs-core';
import { colourScenes, concepts, draw, loadSprites, sceneNegatives } from '../emoji-scenes/index.js';
import { createSmallClip } from '../small-clip/small-clip.js';
import { loadTfjs } from './load-tfjs.js';

const options = { steps: { type: 'string', default: '3' }, batch: { type: 'string', default: '4' }, tfjs: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const [steps, batchSize] = [Number(values.steps), Number(values.batch)];
if (values.tfjs !== undefined) loadTfjs(values.tfjs); // for a try without a change to the file
await ready();

const { model, tokenizer } = createSmallClip();
const optimizer = adamW();
const step = createTrainStep({ model, loss: fscClipLoss(), optimizer });

const sprites = await loadSprites(concepts);
const scenes = colourScenes({ key: createKey(0), count: steps * batchSize, split: 'train' });
const samples = scenes.map(({ id, caption, picture }) => ({ key: id, caption, image: () => draw(picture, sprites) }));
const loader = batches(samples, { batchSize, transform: evalTransform({ size: 64 }), tokenizer, negatives: sceneNegatives() });
const toTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);

let state = initTrainState(model.init(createKey(0)), optimizer);
for await (const { images, texts, negativeMask } of loader) {
  const started = performance.now();
  const batch = { images: toTensor(images), texts: toTensor(texts), negativeMask: toTensor(negativeMask) };
  const { state: next, metrics } = step(state, batch, 1e-3);
  dispose([state.params, { ...state.optimizer }, batch]); // eager tensors live until someone says so; a step keeps only what it returns
  state = next;
  const { loss } = await readMetrics(metrics);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${getBackend()}  loss ${loss!.toFixed(4)}  ${(batchSize / seconds).toFixed(1)} samples/s  ${memory().numTensors} tensors`);
}
