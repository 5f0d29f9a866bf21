import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { type AdamWState, adamW, createParams } from '@fsc-clip/core/tensor';
import { saveWeights } from '@fsc-clip/models';
import { mean, mul, type Scalar, slice, square, sub, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { mapLeaves } from './internal/state-tree.js';
import { linearBatch, linearModel, linearParams } from './linear-model.fixture.js';
import { createTrainStep, initTrainState, type TrainState } from './train-step.js';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const optimizer = adamW();
const step = createTrainStep({
  model: linearModel,
  loss: ({ imageFeatures, textFeatures, logitScale }) =>
    mul(logitScale, mean(square(sub(imageFeatures, slice(textFeatures, 0, imageFeatures.shape[0]!))))) as Scalar,
  optimizer,
});
const fresh = () => initTrainState(linearParams(), optimizer);

function train(state: TrainState<AdamWState>, from: number, to: number) {
  let current = state;
  for (let i = from; i < to; i++) current = step(current, linearBatch(i), 0.01 * (i + 1)).state;
  return current;
}

function numbers(state: object): Record<string, number[]> {
  const read: Record<string, number[]> = {};
  mapLeaves('test', state, (leaf, name) => {
    read[name] = [...(leaf as Tensor).dataSync()];
  });
  return read;
}

describe('checkpoints', () => {
  it('go on bit for bit where the run stopped', async () => {
    const path = join(folder, 'runs', 'half.safetensors');
    await saveCheckpoint(path, { ...train(fresh(), 0, 2), step: 2, metadata: { epoch: 1, seed: 7 } });
    const loaded = await loadCheckpoint(path, fresh());
    const { params, optimizer: moments } = loaded;
    const state = mapLeaves('test', { params, optimizer: moments }, (leaf) => tensor((leaf as HostArray).data, [...leaf.shape]));

    expect([loaded.step, loaded.metadata]).toEqual([2, { epoch: 1, seed: 7 }]);
    const resumed = train(state as TrainState<AdamWState>, loaded.step, 4);
    const straight = train(fresh(), 0, 4);
    expect(numbers(resumed)).toEqual(numbers(straight));
    expect(numbers(straight)).not.toEqual(numbers(train(fresh(), 0, 2)));
    expect(readdirSync(join(folder, 'runs'))).toEqual(['half.safetensors']);
  });

  it('hold any tree of device arrays, tensors and host arrays, under any name', async () => {
    const path = join(folder, 'tree.safetensors');
    const device = { shape: [2], dtype: 'int32', read: async () => new Int32Array([3, -4]), dispose: () => {} } as const;
    const host = { data: new Float32Array([Number.NaN, -0, 1e-40]), shape: [3] };
    const flags = tensor([true, false], [2], 'bool');
    const params = createParams<Tensor>([['__proto__', tensor([5])]]);
    const state = { params, optimizer: { slots: [{ 'a/b~c': device }, { d: host }], flags } };
    await saveCheckpoint(path, { ...state, step: 0 });
    const { optimizer: loaded, ...rest } = await loadCheckpoint(path, state);
    expect(loaded.slots).toEqual([
      { 'a/b~c': { data: new Int32Array([3, -4]), shape: [2] } },
      { d: { data: new Float32Array([Number.NaN, -0, 1e-40]), shape: [3] } },
    ]);
    expect(loaded.flags).toEqual({ data: new Uint8Array([1, 0]), shape: [2] });
    expect(Object.entries(rest.params)).toEqual([['__proto__', { data: new Float32Array([5]), shape: [1] }]]);
  });

  it('leave the one before whole when a new one cannot be written', async () => {
    const path = join(folder, 'kept.safetensors');
    await saveCheckpoint(path, { ...fresh(), step: 0 });
    const before = readFileSync(path);
    const lost = { shape: [1], dtype: 'float32', read: () => Promise.reject(new Error('device lost')), dispose: () => {} } as const;
    await expect(saveCheckpoint(path, { params: { lost }, optimizer: {}, step: 1 })).rejects.toThrow('device lost');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('refuse what is not a checkpoint of this model and optimizer, saying what differs', async () => {
    const path = join(folder, 'refused.safetensors');
    await saveCheckpoint(path, { ...fresh(), step: 0 });
    const { params, optimizer: moments } = fresh();
    const { logit_scale: scale, ...others } = params;
    const load = (like: { params: Params<Tensor>; optimizer: unknown }, from = path) => loadCheckpoint(from, like);
    await expect(load({ params: { ...params, more: scale! }, optimizer: moments })).rejects.toThrow('must hold `params/more`, got nothing');
    await expect(load({ params: others, optimizer: moments })).rejects.toThrow('must hold nothing but the state, got `params/logit_scale`');
    await expect(load({ params: { ...params, logit_scale: tensor([1]) }, optimizer: moments })).rejects.toThrow(
      'must hold `params/logit_scale` as F32 [1], got F32 []',
    );
    await expect(load({ params: { ...params, logit_scale: tensor(1, [], 'int32') }, optimizer: moments })).rejects.toThrow(
      'I32 [], got F32 []',
    );

    const weights = join(folder, 'weights.safetensors');
    await saveWeights(weights, params);
    await expect(load(fresh(), weights)).rejects.toThrow('must be a checkpoint, got another safetensors file');
    writeFileSync(weights, readFileSync(path));
    truncateSync(weights, 100);
    await expect(load(fresh(), weights)).rejects.toThrow(WeightsError);
    await expect(saveCheckpoint(path, { ...fresh(), step: -1 })).rejects.toThrow(
      'saveCheckpoint: `step` must be an integer of at least 0, got -1',
    );
    await expect(saveCheckpoint(path, { params: {}, optimizer: { count: 3 }, step: 0 })).rejects.toThrow(
      '`optimizer/count` must be an array',
    );
  });
});
