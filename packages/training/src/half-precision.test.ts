import '@tensorflow/tfjs';
import { createKey, type Params } from '@fsc-clip/core';
import { adamW, createParams, type Optimizer, partitionParams } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit, type Precision } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { addLora, createModel, isLora } from '@fsc-clip/models';
import { ones, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { halfTolerance, productsOf } from './half-tolerance.fixture.js';
import { readMetrics } from './read-metrics.js';
import { createTrainStep, initTrainState, type TrainBatch } from './train-step.js';

// float16 on the cpu: operands and results of every product are rounded to it, as on a GPU; see the engine's README.

const layers = 2;
const model = createModel({
  embed_dim: 16,
  vision_cfg: { image_size: 16, patch_size: 8, width: 32, layers, head_width: 16 },
  text_cfg: { context_length: 8, vocab_size: 64, width: 32, heads: 2, layers },
});
const depth = productsOf(layers);
const forwardTolerance = halfTolerance(depth);
/** A gradient runs through the tower twice: forward and back. */
const gradientTolerance = halfTolerance(2 * depth);

const batch: TrainBatch = {
  images: tensor(
    Array.from({ length: 2 * 3 * 16 * 16 }, (_, i) => Math.sin(i * i)),
    [2, 3, 16, 16],
  ),
  texts: tensor([62, 1, 2, 63, 62, 3, 4, 63, 62, 2, 1, 63, 62, 4, 3, 63], [4, 4], 'int32'),
  negativeMask: ones([1, 2]),
};
const everything = model.init(createKey(3));
const [adapters, rest] = partitionParams(addLora(createKey(4), everything, { rank: 4 }), isLora);
const kinds = { full: { trained: everything, frozen: createParams<Tensor>([]) }, LoRA: { trained: adapters, frozen: rest } };

/** Gives the gradients as its state. */
const recording: Optimizer<Params<Tensor>> = { init: (params) => params, update: (grads, _, params) => ({ params, state: grads }) };

type Kind = keyof typeof kinds;

async function gradients(kind: Kind, precision: Precision) {
  const { trained, frozen } = kinds[kind];
  const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer: recording, frozen, lossScale: 1024 }), { precision });
  const { state, metrics } = await step(initTrainState(trained, recording), batch, 0);
  const read: [string, number[]][] = [];
  for (const [name, array] of Object.entries(state.optimizer as unknown as Params<DeviceArray>))
    read.push([name, [...(await array.read())]]);
  const terms = await readMetrics(metrics);
  await step.dispose();
  return { terms, grads: new Map(read) };
}

async function losses(kind: Kind, precision: Precision): Promise<number[]> {
  const { trained, frozen } = kinds[kind];
  const optimizer = adamW();
  const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer, frozen, lossScale: 1024 }), { precision, donate: [0] });
  let state: Parameters<typeof step>[0] = initTrainState(trained, optimizer);
  const seen: number[] = [];
  for (let i = 0; i < 20; i++) {
    const result = await step(state, batch, 1e-3);
    state = result.state;
    const { loss } = await readMetrics(result.metrics);
    seen.push(loss!);
  }
  await step.dispose();
  return seen;
}

const length = (numbers: readonly number[]) => Math.hypot(...numbers);
const distance = (a: readonly number[], b: readonly number[]) => length(a.map((x, i) => x - b[i]!));

describe.each(Object.keys(kinds) as Kind[])('%s fine-tuning in float16', (kind) => {
  it('has the loss and the gradients of float32, as far as float16 can tell', async () => {
    const [half, whole] = [await gradients(kind, 'fp16'), await gradients(kind, 'fp32')];
    expect(half.terms['skipped']).toBe(0);
    expect(Math.abs(half.terms['loss']! / whole.terms['loss']! - 1)).toBeLessThan(forwardTolerance);
    const all = length([...whole.grads.values()].flat());
    for (const [name, expected] of whole.grads) {
      // A bias of the keys has no gradient but rounding: what is tiny among all is measured by all.
      const scale = Math.max(length(expected), all * 1e-2);
      expect(distance(half.grads.get(name)!, expected) / scale, name).toBeLessThan(gradientTolerance);
    }
    expect(half.grads).not.toEqual(whole.grads);
  });

  it('follows the losses of float32 over 20 steps', async () => {
    const [half, whole] = [await losses(kind, 'fp16'), await losses(kind, 'fp32')];
    whole.forEach((loss, i) => {
      expect(Math.abs(half[i]! - loss), `step ${i}`).toBeLessThan(forwardTolerance * whole[0]!);
    });
    expect(half).not.toEqual(whole);
    expect(half.at(-1)!).toBeLessThan(half[0]!);
  });
});
