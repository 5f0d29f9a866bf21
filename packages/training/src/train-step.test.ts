import '@tensorflow/tfjs';
import { OptionError, type Params, ShapeError } from '@fsc-clip/core';
import { adamW, createParams, type LossTerms, type Optimizer, partitionParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { mean, memory, mul, type Scalar, scalar, slice, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { globalNorm } from './clip-gradients.js';
import { linearBatch, linearModel, linearParams } from './linear-model.fixture.js';
import { createTrainStep, initTrainState, type TrainModel, type TrainStepOptions } from './train-step.js';

type Loss = TrainStepOptions<unknown>['loss'];

/** Distance of each image from its caption, times the logit scale. */
const distance: Loss = ({ imageFeatures, textFeatures, logitScale }) =>
  mul(logitScale, mean(square(sub(imageFeatures, slice(textFeatures, 0, imageFeatures.shape[0]!))))) as Scalar;
const withTerms = (output: Parameters<Loss>[0], batch: Parameters<Loss>[1]): LossTerms => {
  const half = mul(0.5, distance(output, batch) as Scalar) as Scalar;
  return { total: mul(2, half) as Scalar, terms: { near: half, far: half } };
};

/** Gradient descent that keeps the gradients it was given. */
const descent: Optimizer<{ readonly grads: Params<Tensor> }> = {
  init: () => ({ grads: createParams<Tensor>([]) }),
  update: (grads, _state, params, { learningRate }) => ({
    params: createParams(Object.entries(params).map(([name, value]) => [name, sub(value, mul(learningRate, grads[name]!))] as const)),
    state: { grads },
  }),
};

const batch = linearBatch();
const numbers = (params: Params<Tensor>) => Object.entries(params).map(([name, value]) => [name, [...value.dataSync()]] as const);
const number = (value: Tensor | undefined) => value?.dataSync()[0];

describe('createTrainStep', () => {
  it('takes one step down the gradient of the loss', () => {
    const params = linearParams();
    const step = createTrainStep({ model: linearModel, loss: distance, optimizer: descent });
    const { state, metrics } = step(initTrainState(params, descent), batch, 0.1);

    const { value, grads } = valueAndGrads((p) => distance(linearModel.apply(p, batch, { denseTokens: true }), batch))(params);
    expect(Object.keys(metrics)).toEqual(['loss', 'logitScale']);
    expect(number(metrics['loss'])).toBe(number(value));
    expect(number(metrics['logitScale'])).toBeCloseTo(Math.E, 6);
    expect(Object.keys(state.params)).toEqual(Object.keys(params));
    for (const [name, after] of numbers(state.params)) {
      const [before, grad] = [params[name]!.dataSync(), grads[name]!.dataSync()];
      after.forEach((x, i) => {
        expect(x).toBeCloseTo(before[i]! - 0.1 * grad[i]!, 6);
      });
    }
  });

  it('lowers the loss over many steps of AdamW and reports every term of it', () => {
    const optimizer = adamW();
    const step = createTrainStep({ model: linearModel, loss: withTerms, optimizer });
    let state = initTrainState(linearParams(), optimizer);
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) {
      const result = step(state, batch, scalar(0.05));
      state = result.state;
      expect(Object.keys(result.metrics)).toEqual(['loss', 'near', 'far', 'logitScale']);
      expect(number(result.metrics['near'])! + number(result.metrics['far'])!).toBeCloseTo(number(result.metrics['loss'])!, 5);
      losses.push(number(result.metrics['loss'])!);
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4);
    expect(number(state.optimizer.step)).toBe(20);
  });

  it('clamps the logit scale after the update, to [0, ln 100] unless told otherwise', () => {
    const after = (start: number, learningRate: number, clampLogitScale?: readonly [number, number] | false) => {
      const step = createTrainStep({
        model: linearModel,
        loss: distance,
        optimizer: descent,
        ...(clampLogitScale !== undefined && { clampLogitScale }),
      });
      return number(step(initTrainState(linearParams(start), descent), batch, learningRate).state.params['logit_scale'])!;
    };
    expect(after(5, 0)).toBeCloseTo(Math.log(100), 6);
    expect(after(1, 10)).toBe(0);
    expect(after(5, 0, [0, 3])).toBe(3);
    expect(after(5, 0, false)).toBe(5);
  });

  it('clips the global norm of the gradients and reports it from before', () => {
    const run = (clipGradNorm: number) => {
      const step = createTrainStep({ model: linearModel, loss: distance, optimizer: descent, clipGradNorm });
      const { state, metrics } = step(initTrainState(linearParams(), descent), batch, 0.1);
      return { norm: number(metrics['gradNorm'])!, grads: state.optimizer.grads };
    };
    const free = run(Number.POSITIVE_INFINITY);
    const clipped = run(free.norm / 2);
    expect(clipped.norm).toBe(free.norm);
    expect(number(globalNorm(free.grads))).toBe(free.norm);
    expect(number(globalNorm(clipped.grads))).toBeCloseTo(free.norm / 2, 5);
    expect(numbers(run(free.norm * 2).grads)).toEqual(numbers(free.grads));
  });

  it('leaves frozen weights alone and trains the others as before', () => {
    const [trained, frozen] = partitionParams(linearParams(), (name) => name === 'visual.proj');
    const all = createTrainStep({ model: linearModel, loss: distance, optimizer: descent });
    const part = createTrainStep({ model: linearModel, loss: distance, optimizer: descent, frozen });
    const whole = all(initTrainState(linearParams(), descent), batch, 0.1).state.params;
    const { state, metrics } = part(initTrainState(trained, descent), batch, 0.1);
    expect(numbers(state.params)).toEqual(numbers(whole).filter(([name]) => name === 'visual.proj'));
    expect(number(metrics['logitScale'])).toBeCloseTo(Math.E, 6);
  });

  it('keeps its inputs and leaves nothing behind but its results', () => {
    const optimizer = adamW();
    const step = createTrainStep({ model: linearModel, loss: withTerms, optimizer, clipGradNorm: 1 });
    const state = initTrainState(linearParams(), optimizer);
    const before = memory().numTensors;
    const result = step(state, batch, 0.1);
    expect(memory().numTensors - before).toBe(3 * 3 + 1 + 5); // weights and two moments, the count, five metrics
    expect(number(result.metrics['gradNorm'])).toBeGreaterThan(0);
    expect(numbers(state.params)).toEqual(numbers(linearParams()));
  });

  it('takes a loss whose total is itself a term, and terms that are weights', () => {
    const sameTwice: Loss = (output) => {
      const total = distance(output, batch) as Scalar;
      return { total, terms: { distance: total, plainScale: output.logitScale as Scalar } };
    };
    const multiplier: TrainModel = {
      apply: (params, input, options) => ({ ...linearModel.apply(params, input, options), logitScale: params['logit_scale']! }),
    };
    const step = createTrainStep({ model: multiplier, loss: sameTwice, optimizer: descent });
    const first = initTrainState(linearParams(2), descent);
    const { state, metrics } = step(first, batch, 0.1);
    expect(number(metrics['loss'])).toBe(number(metrics['distance']));
    expect([number(metrics['logitScale']), number(metrics['plainScale']), number(first.params['logit_scale'])]).toEqual([2, 2, 2]);
    expect(number(state.params['logit_scale'])).toBeLessThan(2);
  });

  it('refuses options and losses that cannot work', () => {
    const base = { model: linearModel, loss: distance, optimizer: descent };
    expect(() => createTrainStep({ ...base, clipGradNorm: 0 })).toThrow(
      'createTrainStep: `clipGradNorm` must be above 0, got 0. Leave it out to train without clipping',
    );
    expect(() => createTrainStep({ ...base, clampLogitScale: [2, 1] })).toThrow(OptionError);
    const state = initTrainState(linearParams(), descent);
    const vector: Loss = ({ imageFeatures }) => imageFeatures as Scalar;
    expect(() => createTrainStep({ ...base, loss: vector })(state, batch, 1)).toThrow(ShapeError);
    expect(() => createTrainStep({ ...base, loss: vector })(state, batch, 1)).toThrow('`loss: total` must be a scalar, got [2, 3]');
    const named: Loss = (output) => ({ total: distance(output, batch) as Scalar, terms: { logitScale: output.logitScale as Scalar } });
    expect(() => createTrainStep({ ...base, loss: named })(state, batch, 1)).toThrow('must not call a term');
  });
});
