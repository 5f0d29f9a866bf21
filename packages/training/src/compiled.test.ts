import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adamW } from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { afterAll, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { linearBatch, linearModel, linearParams } from './linear-model.fixture.js';
import { readMetrics } from './read-metrics.js';
import { createTrainStep, initTrainState, type TrainState } from './train-step.js';

const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
const optimizer = adamW();
const step = createTrainStep({ model: linearModel, loss: fscClipLoss(), optimizer, clipGradNorm: 1 });
const compiled = jit(step, { device: 'cpu', donate: [0] });
const batch = { ...linearBatch(), keys: ['a.jpg', 'b.jpg'] };
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await compiled.dispose();
});

/** Metrics of four compiled steps, with a stop after the second if there is a path for a checkpoint. */
async function train(path?: string): Promise<Record<string, number>[]> {
  const start = initTrainState(linearParams(), optimizer);
  let result = await compiled(start, batch, 0.1);
  const metrics = [await readMetrics(result.metrics)];
  for (let i = 1; i < 4; i++) {
    let state: Parameters<typeof compiled>[0] = result.state;
    if (i === 2 && path !== undefined) {
      await saveCheckpoint(path, { ...result.state, step: i });
      const { params, optimizer } = await loadCheckpoint(path, start);
      state = { params, optimizer };
    }
    result = await compiled(state, batch, 0.1);
    metrics.push(await readMetrics(result.metrics));
  }
  return metrics;
}

it('a compiled step gives the numbers of the plain one, and goes on bit for bit from a checkpoint', async () => {
  const straight = await train();
  expect(await train(join(folder, 'half.safetensors'))).toEqual(straight);

  let state: TrainState<ReturnType<typeof optimizer.init>> = initTrainState(linearParams(), optimizer);
  for (const metrics of straight) {
    const result = step(state, batch, 0.1);
    state = result.state;
    const plain = await readMetrics(result.metrics);
    expect(Object.keys(metrics)).toEqual(Object.keys(plain));
    for (const [name, value] of Object.entries(plain)) expect(metrics[name], name).toBeCloseTo(value, 4);
  }
});
