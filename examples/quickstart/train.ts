import { createKey, DataError, foldIn, type Params } from '@fsc-clip/core';
import { adamW, cosineSchedule, createParams, disposeParams, mergeParams, partitionParams } from '@fsc-clip/core/tensor';
import { type Device, type DeviceArray, jit } from '@fsc-clip/engine';
import { addLora, isLora } from '@fsc-clip/models';
import { checkFinite, createTrainStep, initTrainState, readMetrics } from '@fsc-clip/training';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Method } from './methods.js';
import type { Task } from './task.js';

/** Settings that do not depend on task or method. */
export interface TrainOptions {
  readonly seed: number;
  readonly device: Device;
  readonly learningRate: number;
  /** Called after every step, which are counted from 0. */
  readonly onStep: (metrics: Metrics, step: number) => void;
}

/** Numbers of one step: `loss`, its terms, `logitScale`. */
export type Metrics = Readonly<Record<string, number>>;

/** Weights after training, and the metrics of every step on the way. */
export interface Trained {
  readonly params: Params<Tensor>;
  readonly curve: readonly Metrics[];
}

/** Trains the weights that a task starts from with one method, and leaves those as they are. This is the loop. */
export async function train(
  task: Pick<Task, 'model' | 'start' | 'steps' | 'batches'>,
  method: Pick<Method, 'loss' | 'negatives' | 'lora'>,
  options: TrainOptions,
): Promise<Trained> {
  const { seed, device, learningRate: base, onStep } = options;
  const { model, start, steps } = task;
  const [trainable, frozen] =
    method.lora === undefined
      ? [start, {}]
      : partitionParams(addLora(foldIn(createKey(seed), 'lora'), start, { rank: method.lora }), isLora);
  const optimizer = adamW();
  const step = jit(createTrainStep({ model, loss: method.loss, optimizer, frozen }), { device, donate: [0] });
  const learningRate = cosineSchedule({ base, warmup: Math.ceil(steps / 20), total: steps });

  const first = initTrainState(trainable, optimizer);
  let state: Awaited<ReturnType<typeof step>>['state'] | undefined;
  const curve: Metrics[] = [];
  for await (const batch of task.batches(seed, method.negatives)) {
    const result = await step(state ?? first, batch, learningRate(curve.length));
    state = result.state;
    const metrics = await readMetrics(result.metrics);
    checkFinite(metrics, { step: curve.length, keys: batch.keys });
    curve.push(metrics);
    onStep(metrics, curve.length - 1);
    if (curve.length === steps) break;
  }
  if (state === undefined) throw new DataError({ function: 'train', argument: 'batches', rule: 'must hold a batch', got: 'none' });
  const trained = await toTensors(state.params);
  for (const params of [state.params, state.optimizer.expAvg, state.optimizer.expAvgSq]) disposeParams(params);
  await step.dispose();
  return { params: mergeParams(trained, frozen), curve };
}

async function toTensors(params: Params<DeviceArray>): Promise<Params<Tensor>> {
  const read = Object.entries(params).map(async ([name, array]) => [name, tensor(await array.read(), [...array.shape])] as const);
  return createParams(await Promise.all(read));
}
