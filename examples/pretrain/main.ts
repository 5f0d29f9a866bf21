// Makes the weights that the quickstart starts from: `npm run pretrain`. Plain CLIP loss on emoji scenes, from random weights.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createKey, foldIn, OptionError } from '@fsc-clip/core';
import { batches, evalTransform } from '@fsc-clip/data';
import { formatTable } from '@fsc-clip/evaluation';
import { clipLoss } from '@fsc-clip/losses';
import { saveWeights } from '@fsc-clip/models';
import { createProgress } from '@fsc-clip/training';
import { enableProdMode } from '@tensorflow/tfjs'; // all of tfjs: it registers the gradients
import { concepts, draw, loadSprites, pretrainingScenes } from '../emoji-scenes/index.js';
import { encodeTestSet } from '../quickstart/encode.js';
import { evaluate } from '../quickstart/evaluate.js';
import { scoreTable } from '../quickstart/results.js';
import { sceneMetrics, sceneTests } from '../quickstart/scene-tests.js';
import { train } from '../quickstart/train.js';
import { createSmallClip } from '../small-clip/small-clip.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '2000' },
    batch: { type: 'string', default: '128' },
    'learning-rate': { type: 'string', default: '1e-3' },
    seed: { type: 'string', default: '0' },
    out: { type: 'string', default: fileURLToPath(new URL('../small-clip/base.safetensors', import.meta.url)) },
  },
});
const [steps, batchSize, learningRate] = [positive('steps'), positive('batch'), positive('learning-rate')];
const seed = Number(values.seed);

enableProdMode(); // without tfjs's advice to install tfjs-node: jit does the computing
const { model, tokenizer } = createSmallClip();
const transform = evalTransform({ size: model.config.vision_cfg.image_size });
const sprites = await loadSprites(concepts);
const key = foldIn(createKey(seed), 'pretraining');

function* samples() {
  for (let start = 0; ; start += batchSize) {
    for (const { id, caption, picture } of pretrainingScenes({ key, count: batchSize, start })) {
      yield { key: id, caption, image: () => draw(picture, sprites) };
    }
  }
}
const task = {
  model,
  tokenizer,
  transform,
  start: model.init(foldIn(key, 'weights')),
  steps,
  batches: () => batches(samples(), { batchSize, transform, tokenizer, workers: 0 }),
};
const progress = createProgress({ total: steps, lineEvery: { percent: 5 } });
const { params } = await train(
  task,
  { loss: clipLoss, negatives: false, lora: undefined },
  { seed, device: 'cpu', learningRate, onStep: ({ loss }) => progress.advance(1, `loss ${loss!.toFixed(3)}`) },
);
progress.close();

const metadata = { steps: values.steps, batch: values.batch, learning_rate: values['learning-rate'], seed: values.seed };
await saveWeights(values.out, params, { model, dtype: 'float16', metadata });
console.log(`Weights: ${values.out}`);

const test = sceneTests(foldIn(createKey(0), 'development scenes'), 300, sprites);
const answers = evaluate(test, await encodeTestSet({ ...task, test }, params, { device: 'cpu', batchSize }));
const measured = { test, metrics: sceneMetrics, trainingCaptions: pretrainingScenes({ key, count: 10_000 }).map(({ caption }) => caption) };
console.log(formatTable(scoreTable(measured, [{ name: 'base', label: 'after pretraining', answers: [answers] }])));

function positive(option: 'steps' | 'batch' | 'learning-rate'): number {
  const value = Number(values[option]);
  if (value > 0 && (option === 'learning-rate' || Number.isSafeInteger(value))) return value;
  throw new OptionError({ function: 'pretrain', argument: `--${option}`, rule: 'must be a number above 0', got: values[option] });
}
