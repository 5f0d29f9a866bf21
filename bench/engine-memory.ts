import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { adamW } from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { createModel } from '@fsc-clip/models';
import { createTrainStep, initTrainState } from '@fsc-clip/training';
import { textsOf } from './captions.js';
import { collect } from './collect.js';

// STEPS: a tiny CLIP is trained for so many steps; resident memory and this thread's heap are sampled, after a collection. Prints one
// line of JSON: the slopes of both over the second half.

const steps = Number(process.argv[2]);
const key = createKey(0);
const [batch, negatives, context, vocabulary] = [2, 1, 16, 32];
const model = createModel({
  embed_dim: 16,
  vision_cfg: { image_size: 16, layers: 1, width: 16, head_width: 8, patch_size: 8 },
  text_cfg: { context_length: context, vocab_size: vocabulary, width: 16, heads: 2, layers: 1 },
});
const optimizer = adamW();
const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer }), { donate: [0] });
const inputs = {
  images: { data: new Float32Array(batch * 3 * 16 * 16).fill(0.5), shape: [batch, 3, 16, 16] },
  texts: textsOf(
    Array(batch).fill([
      [30, 1, 31],
      [30, 2, 31],
    ]),
    context,
  ),
  negativeMask: { data: new Float32Array(negatives * batch).fill(1), shape: [negatives, batch] },
};

type Sample = { readonly step: number; readonly rss: number; readonly heap: number };
const samples: Sample[] = [];
let { state, metrics } = await step(initTrainState(model.init(key), optimizer), inputs, 1e-4);
const began = performance.now();
for (let i = 1; i <= steps; i++) {
  for (const metric of Object.values(metrics)) metric.dispose();
  ({ state, metrics } = await step(state, inputs, 1e-4));
  await metrics['loss']!.read();
  if (i % Math.ceil(steps / 100) !== 0) continue;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  samples.push({ step: i, rss, heap: heapUsed });
}
const seconds = (performance.now() - began) / 1000;
await step.dispose();

/** Bytes per step: the line of least squares through the samples. */
function slope(of: (sample: Sample) => number, points: readonly Sample[]): number {
  const mean = (f: (sample: Sample) => number) => points.reduce((sum, point) => sum + f(point), 0) / points.length;
  const [x, y] = [mean((point) => point.step), mean(of)];
  return mean((point) => (point.step - x) * (of(point) - y)) / mean((point) => (point.step - x) ** 2);
}

const half = samples.slice(samples.length / 2);
const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
console.log(
  JSON.stringify({
    steps,
    msPerStep: (seconds * 1000) / steps,
    rssBytesPerStep: Math.round(slope(({ rss }) => rss, half)),
    heapBytesPerStep: Math.round(slope(({ heap }) => heap, half)),
    rssMb: { first: mb(samples[0]!.rss), middle: mb(half[0]!.rss), last: mb(half.at(-1)!.rss) },
    heapMb: { first: mb(samples[0]!.heap), middle: mb(half[0]!.heap), last: mb(half.at(-1)!.heap) },
  }),
);
