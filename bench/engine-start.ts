import '@tensorflow/tfjs';
import { Worker } from 'node:worker_threads';
import { createKey, foldIn, randomStream } from '@fsc-clip/core';
import { adamW, partitionParams } from '@fsc-clip/core/tensor';
import { type JitOptions, jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { addLora, createModel, isLora, type ModelName } from '@fsc-clip/models';
import { createTrainStep, initTrainState } from '@fsc-clip/training';
import { textsOf, tokenGroups } from './captions.js';

// MODEL LORA_RANK FOLDER: how a training step starts, without and with a cache in that folder; prints one line of JSON. Seconds of wall
// time, and of all processors where the name says cpu. What crosses to the worker is seen where it crosses: at the worker's messages.

const [name, rank, folder] = process.argv.slice(2) as [ModelName, string, string];
const [batch, negatives, lora] = [8, 3, Number(rank)];

const crossed = { toWorker: 0, toUser: 0 };
const compile = { id: 0, sent: 0, answered: 0, cpu: process.cpuUsage() };
const { postMessage, emit } = Worker.prototype;
Worker.prototype.postMessage = function (this: Worker, message, transfer) {
  if (message?.request?.kind === 'compile') Object.assign(compile, { id: message.id, sent: performance.now() });
  crossed.toWorker += bytesIn(message);
  return postMessage.call(this, message, transfer as never);
};
Worker.prototype.emit = function (this: Worker, event: string, ...values: unknown[]) {
  if (event === 'message') crossed.toUser += bytesIn(values[0]);
  if (event === 'message' && (values[0] as { id: number }).id === compile.id) {
    Object.assign(compile, { id: 0, answered: performance.now(), cpu: process.cpuUsage() });
  }
  return emit.call(this, event, ...values);
} as typeof emit;

/** The numbers in a message. */
function bytesIn(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + bytesIn(item), 0);
}

const key = createKey(0);
const model = createModel(name);
const base = model.init(foldIn(key, 'weights'));
const all = lora > 0 ? addLora(foldIn(key, 'lora'), base, { rank: lora }) : base;
const [params, frozen] = lora > 0 ? partitionParams(all, isLora) : [all, {}];
const optimizer = adamW();
const train = createTrainStep({ model, loss: fscClipLoss(), optimizer, frozen });
const initial = initTrainState(params, optimizer);
const { image_size: side } = model.config.vision_cfg;
const { context_length: context } = model.config.text_cfg;
const random = randomStream(foldIn(key, 'images'));
const inputs = {
  images: { data: Float32Array.from({ length: batch * 3 * side * side }, () => random.normal()), shape: [batch, 3, side, side] },
  texts: textsOf(tokenGroups().slice(0, batch), context),
  negativeMask: { data: new Float32Array(negatives * batch).fill(1), shape: [negatives, batch] },
};

/** A first call: what it takes until the program is open, and then one more step. */
async function start(options: JitOptions) {
  let traced: { from: number; to: number } | undefined;
  const step = jit(
    (...args: Parameters<typeof train>) => {
      const from = performance.now();
      const result = train(...args);
      traced = { from, to: performance.now() };
      return result;
    },
    { donate: [0], ...options },
  );
  const [began, cpuBegan] = [performance.now(), process.cpuUsage()];
  let { state, metrics } = await step(initial, inputs, 1e-6);
  const ended = performance.now();
  const loss = (await metrics['loss']!.read())[0]!;
  Object.assign(crossed, { toWorker: 0, toUser: 0 });
  const second = performance.now();
  ({ state, metrics } = await step(state, inputs, 1e-6));
  const perStep = { ...crossed, seconds: (performance.now() - second) / 1000 };
  await step.dispose();
  disposeAll({ state, metrics });
  const seconds = (from: number, to: number) => (to - from) / 1000;
  return {
    untilOpenSeconds: seconds(began, compile.answered),
    untilOpenCpuSeconds: (compile.cpu.user + compile.cpu.system - cpuBegan.user - cpuBegan.system) / 1e6,
    traceSeconds: traced ? seconds(traced.from, traced.to) : 0,
    [traced ? 'encodeSeconds' : 'readSeconds']: seconds(traced?.to ?? began, compile.sent),
    sessionSeconds: seconds(compile.sent, compile.answered),
    firstRunWithStateCopiedSeconds: seconds(compile.answered, ended),
    loss,
    bytesPerStep: { toWorker: perStep.toWorker, toUser: perStep.toUser },
    stepSeconds: perStep.seconds,
  };
}

function disposeAll(tree: unknown): void {
  if (typeof tree !== 'object' || tree === null) return;
  if ('dispose' in tree && typeof tree.dispose === 'function') tree.dispose();
  else for (const value of Object.values(tree)) disposeAll(value);
}

const cache = { key: 'bench', folder };
const plain = await start({});
const written = await start({ cache });
const cached = await start({ cache });
if (cached.loss !== plain.loss || cached.traceSeconds !== 0) throw new Error('the cache gave another program');
const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ model: name, batch, negatives, lora, plain, written, cached, peakRssMb }));
