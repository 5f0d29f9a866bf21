// A user's program over the installed packages: plain JavaScript, compiled files, no TypeScript, one step of training.
import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { adamW } from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { createModel, createTokenizer } from '@fsc-clip/models';
import { fscClip } from '@fsc-clip/negatives';
import { createTrainStep, initTrainState } from '@fsc-clip/training';

await Promise.all(['data', 'distributed', 'evaluation'].map((name) => import(`@fsc-clip/${name}`)));

const tokenizer = createTokenizer({ contextLength: 16 });
const generator = fscClip();
const captions = ['a black dog on a red couch', 'two men ride a brown horse'];
const negatives = captions.map((caption, i) => generator.generate(caption, createKey(i)));
const slots = generator.types.map((_, slot) => negatives.map((texts) => texts[slot] ?? ''));
const texts = tokenizer.encodeBatch([...captions, ...slots.flat()]);
const negativeMask = { data: Float32Array.from(slots.flat(), (text) => Number(text !== '')), shape: [slots.length, captions.length] };

const model = createModel({
  embed_dim: 16,
  vision_cfg: { image_size: 32, layers: 1, width: 32, patch_size: 16, head_width: 16 },
  text_cfg: { context_length: 16, vocab_size: 49408, width: 32, heads: 2, layers: 1 },
});
const optimizer = adamW();
const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer }), { donate: [0] });
const images = { data: new Float32Array(2 * 3 * 32 * 32).fill(0.5), shape: [2, 3, 32, 32] };
const { metrics } = await step(initTrainState(model.init(createKey(0)), optimizer), { images, texts, negativeMask }, 1e-3);
const [loss] = await metrics.loss.read();
if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
console.log(`installed packages work: first loss ${loss.toFixed(4)}`);
