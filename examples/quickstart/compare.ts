import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Params } from '@fsc-clip/core';
import { interpolateWeights, saveWeights } from '@fsc-clip/models';
import { jsonLinesWriter } from '@fsc-clip/training';
import type { Tensor } from '@tensorflow/tfjs-core';
import { encodeTestSet, type Features } from './encode.js';
import { type Answers, evaluate } from './evaluate.js';
import type { Method } from './methods.js';
import type { QuickstartOptions } from './options.js';
import type { Shown } from './report.js';
import type { Result } from './results.js';
import type { Task } from './task.js';
import { type Metrics, train } from './train.js';

/** All results, the start first, and what the report shows of each method. */
export interface Comparison {
  readonly results: readonly Result[];
  readonly shown: readonly Shown[];
  /** Images trained on in a second, over all methods. */
  readonly samplesPerSecond: number;
}

/** Fine-tunes with every method and seed from the same weights, and measures each on the same test set. */
export async function compare(
  task: Task,
  methods: readonly Method[],
  options: QuickstartOptions,
  onStep: (metrics: Metrics, method: Method) => void,
): Promise<Comparison> {
  const { device, wiseFt, seeds, save, log } = options;
  const measure = async (params: Params<Tensor>): Promise<{ features: Features; answers: Answers }> => {
    const features = await encodeTestSet(task, params, { device, batchSize: options.batchSize });
    return { features, answers: evaluate(task.test, features) };
  };
  const before = await measure(task.start);
  const results: Result[] = [{ name: 'start', label: 'before', answers: [before.answers] }];
  const shown: Shown[] = [{ label: 'before', params: task.start, features: before.features, curve: [] }];
  let seconds = 0;
  for (const method of methods) {
    const answers: Answers[] = [];
    const averaged: Answers[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const started = performance.now();
      const learningRate = method.lora === undefined ? options.learningRate : options.loraLearningRate;
      const writer = log === undefined ? undefined : jsonLinesWriter(join(log, `${method.name}-${seed}.jsonl`));
      const { params, curve } = await train(task, method, {
        seed,
        device,
        learningRate,
        onStep: (metrics, step) => {
          writer?.write(step, metrics);
          onStep(metrics, method);
        },
      });
      writer?.close();
      seconds += (performance.now() - started) / 1000;
      const after = await measure(params);
      answers.push(after.answers);
      if (wiseFt !== undefined) {
        const between = interpolateWeights(task.start, params, wiseFt);
        averaged.push((await measure(between)).answers);
        disposeApart(between, {});
      }
      if (seed > 0) disposeApart(params, task.start);
      else {
        shown.push({ label: method.label, params, features: after.features, curve });
        if (save !== undefined) await saveResult(save, method, params, task);
      }
    }
    results.push({ name: method.name, label: method.label, answers });
    if (wiseFt !== undefined) results.push({ name: `${method.name}WiseFt`, label: `${method.label} WiSE-FT`, answers: averaged });
  }
  return { results, shown, samplesPerSecond: (methods.length * seeds * task.steps * options.batchSize) / seconds };
}

async function saveResult(folder: string, { name }: Method, params: Params<Tensor>, { model }: Task): Promise<void> {
  await mkdir(folder, { recursive: true });
  await saveWeights(join(folder, `${name}.safetensors`), params, { model });
}

/** Frees the weights that are not also those of `kept`. */
function disposeApart(params: Params<Tensor>, kept: Params<Tensor>): void {
  for (const [name, value] of Object.entries(params)) if (value !== kept[name]) value.dispose();
}
