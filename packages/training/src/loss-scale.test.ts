import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OptionError } from '@fsc-clip/core';
import { type AdamWState, adamW } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit } from '@fsc-clip/engine';
import { mean, memory, mul, type Scalar, slice, square, sub, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { mapLeaves } from './internal/state-tree.js';
import { linearBatch, linearModel, linearParams } from './linear-model.fixture.js';
import type { LossScale } from './loss-scale.js';
import { readMetrics } from './read-metrics.js';
import { createTrainStep, initTrainState, type TrainStepOptions } from './train-step.js';

const folder = mkdtempSync(join(tmpdir(), 'loss-scale-'));
afterAll(() => rmSync(folder, { recursive: true }));

const optimizer = adamW();
const base: TrainStepOptions<AdamWState> = {
  model: linearModel,
  loss: ({ imageFeatures, textFeatures, logitScale }) =>
    mul(logitScale, mean(square(sub(imageFeatures, slice(textFeatures, 0, imageFeatures.shape[0]!))))) as Scalar,
  optimizer,
};
const start = (lossScale?: LossScale) => initTrainState(linearParams(), optimizer, lossScale === undefined ? {} : { lossScale });
const good = linearBatch();
/** Finite pictures whose gradients are not: their squares are beyond float32. */
const bad = { ...good, images: mul(good.images, 1e30) };

function numbers(state: object): Record<string, number[]> {
  const read: Record<string, number[]> = {};
  mapLeaves('test', state, (leaf, name) => {
    read[name] = [...(leaf as Tensor).dataSync()];
  });
  return read;
}

const small = { initScale: 8, growthFactor: 4, backoffFactor: 0.25, growthInterval: 2 };

describe('a dynamic loss scale', () => {
  it('grows after its interval of good steps, shrinks after a bad one, which changes nothing else', async () => {
    const step = createTrainStep({ ...base, lossScale: small, clipGradNorm: Number.POSITIVE_INFINITY });
    let state = start(small);
    const seen: unknown[] = [];
    for (const batch of [good, good, good, bad, good, good]) {
      const before = state;
      const result = step(state, batch, 0.01);
      state = result.state;
      const { lossScale, skipped, gradNorm } = await readMetrics(result.metrics);
      const { scale, goodSteps } = state.lossScale!;
      seen.push([lossScale, skipped, scale.dataSync()[0], goodSteps.dataSync()[0]]);
      expect(gradNorm === 0).toBe(skipped === 1);
      const [old, now] = [before, state].map(({ params, optimizer }) => numbers({ params, optimizer }));
      if (skipped) expect(now).toEqual(old);
      else expect(now).not.toEqual(old);
    }
    // the scale of the step, whether it was skipped, then the next scale and the count
    expect(seen).toEqual([
      [8, 0, 8, 1],
      [8, 0, 32, 0],
      [32, 0, 32, 1],
      [32, 1, 8, 0],
      [8, 0, 8, 1],
      [8, 0, 32, 0],
    ]);
    expect(numbers(state)['optimizer/step']).toEqual([5]);
  });

  it("has torch's defaults, and does not grow beyond float32", () => {
    const step = createTrainStep({ ...base, lossScale: 'dynamic' });
    const { lossScale } = start('dynamic');
    expect(numbers(lossScale!)).toEqual({ scale: [65536], goodSteps: [0] });
    const at = (scale: number, goodSteps: number, batch = good) =>
      numbers(step({ ...start(), lossScale: { scale: tensor(scale), goodSteps: tensor(goodSteps) } }, batch, 0.01).state.lossScale!);
    expect(at(65536, 1998)).toEqual({ scale: [65536], goodSteps: [1999] });
    expect(at(65536, 1999)).toEqual({ scale: [131072], goodSteps: [0] });
    expect(at(65536, 1999, bad)).toEqual({ scale: [32768], goodSteps: [0] });
    const large = { ...small, initScale: 2 ** 126, growthInterval: 1 };
    const tiny: typeof base.loss = (output, batch) => mul(base.loss(output, batch) as Scalar, 1e-30) as Scalar;
    const grown = createTrainStep({ ...base, loss: tiny, lossScale: large })(start(large), good, 0.01).state.lossScale!;
    expect(numbers(grown)).toEqual({ scale: [2 ** 126], goodSteps: [0] });
  });

  it.each(['dynamic', 4096] as const)('%s: gives in float32 the numbers of a step without one, bit for bit', async (lossScale) => {
    const steps = [createTrainStep({ ...base, clipGradNorm: 1 }), createTrainStep({ ...base, clipGradNorm: 1, lossScale })] as const;
    let [plain, scaled] = [start(), start(lossScale)];
    for (let i = 0; i < 4; i++) {
      const [one, other] = [steps[0](plain, linearBatch(i), 0.05), steps[1](scaled, linearBatch(i), 0.05)];
      const { lossScale: scale, skipped, ...rest } = await readMetrics(other.metrics);
      expect(rest).toEqual(await readMetrics(one.metrics));
      expect([scale, skipped]).toEqual([lossScale === 'dynamic' ? 65536 : lossScale, 0]);
      [plain, scaled] = [one.state, other.state];
    }
    expect(numbers({ params: scaled.params, optimizer: scaled.optimizer })).toEqual(numbers(plain));
    expect('lossScale' in scaled).toBe(lossScale === 'dynamic');
  });

  it('goes on from a checkpoint, compiled, bit for bit', async () => {
    const step = jit(createTrainStep({ ...base, lossScale: small }), { donate: [0] });
    const batches = [good, bad, good, good, good];
    const train = async (path?: string) => {
      let result = await step(start(small), batches[0]!, 0.01);
      const metrics = [await readMetrics(result.metrics)];
      for (let i = 1; i < batches.length; i++) {
        let state: Parameters<typeof step>[0] = result.state;
        if (i === 3 && path !== undefined) {
          await saveCheckpoint(path, { ...result.state, step: i } as Parameters<typeof saveCheckpoint>[1]);
          const { step: done, metadata, ...loaded } = await loadCheckpoint(path, start(small));
          expect([done, metadata, Object.keys(loaded)]).toEqual([3, {}, ['params', 'optimizer', 'lossScale']]);
          state = loaded;
        }
        result = await step(state, batches[i]!, 0.01);
        metrics.push(await readMetrics(result.metrics));
      }
      const scale = result.state.lossScale as unknown as Record<string, DeviceArray>;
      return { metrics, scale: [...(await scale['scale']!.read()), ...(await scale['goodSteps']!.read())] };
    };
    const straight = await train();
    expect(await train(join(folder, 'half.safetensors'))).toEqual(straight);
    expect(straight.metrics.map(({ lossScale, skipped }) => [lossScale, skipped])).toEqual([
      [8, 0],
      [8, 1],
      [2, 0],
      [2, 0],
      [8, 0],
    ]);
    expect(straight.scale).toEqual([8, 1]);
    await step.dispose();
  });

  it('leaves no tensors behind', () => {
    const step = createTrainStep({ ...base, lossScale: 'dynamic' });
    const state = start('dynamic');
    const before = memory().numTensors;
    step(state, good, 0.1);
    expect(memory().numTensors - before).toBe(3 * 3 + 1 + 2 + 4); // weights and moments, the count, the scale's two, four metrics
  });

  it('comes back from overflows in half precision', async () => {
    const lossScale = { ...small, initScale: 2 ** 24 };
    const step = jit(createTrainStep({ ...base, lossScale }), { donate: [0], precision: 'fp16' });
    let state: Parameters<typeof step>[0] = start(lossScale);
    const skipped: number[] = [];
    for (let i = 0; i < 8; i++) {
      const result = await step(state, good, 0.01);
      state = result.state;
      const metrics = await readMetrics(result.metrics);
      expect(metrics['loss']).toBeLessThan(100);
      skipped.push(metrics['skipped']!);
    }
    expect(skipped[0]).toBe(1);
    expect(skipped.at(-1)! + skipped.at(-2)!).toBeLessThan(2);
    await step.dispose();
  });

  it('is refused where it cannot work', () => {
    const create = (lossScale: unknown) => () => createTrainStep({ ...base, lossScale: lossScale as LossScale });
    expect(create(0)).toThrow('createTrainStep: `lossScale` must be a finite number above 0, got 0');
    expect(create('static')).toThrow(OptionError);
    expect(create({ growthFactor: 1 })).toThrow('`lossScale.growthFactor` must be a finite number above 1');
    expect(create({ backoffFactor: 1 })).toThrow('`lossScale.backoffFactor` must be between 0 and 1');
    expect(create({ growthInterval: 1.5 })).toThrow('`lossScale.growthInterval` must be an integer');
    expect(create({ initScale: Number.POSITIVE_INFINITY })).toThrow('`lossScale.initScale`');
    expect(() => createTrainStep({ ...base, lossScale: 'dynamic' })(start(), good, 0.1)).toThrow(
      'createTrainStep: `state.lossScale` must be there with a dynamic loss scale, got none. Give initTrainState the same lossScale',
    );
  });
});
