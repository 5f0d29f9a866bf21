import '@tensorflow/tfjs';
import { isDeepStrictEqual } from 'node:util';
import { createKey, type HostArray, type PackedTexts, type Params } from '@fsc-clip/core';
import {
  type AdamWState,
  adamW,
  constantCooldownSchedule,
  constantSchedule,
  cosineSchedule,
  createParams,
  decays,
  mapParams,
  type Optimizer,
  partitionParams,
  type Schedule,
} from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { clipLoss, combineLosses, fscClipLoss, negClipLoss } from '@fsc-clip/losses';
import { addLora, createModel, isLora, type Model, packTexts, planPacking } from '@fsc-clip/models';
import { allowedError, allowedTermError, describeGolden, relativeError, termError } from '@fsc-clip/testdata';
import { concat, type Scalar, slice, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { globalNorm } from './clip-gradients.js';
import type * as Golden from './golden-cases.fixture.js';
import { halfTolerance, productsOf } from './half-tolerance.fixture.js';
import { type Recipe, recipes } from './recipes.js';
import { createTrainStep, initTrainState, type TrainBatch, type TrainModel, type TrainStepOptions } from './train-step.js';

const floors = { schedule: 1e-12, terms: 1e-4, weights: 2e-4, keyBias: 1e-3, gradients: 1e-5, logitScaleGradient: 1e-4 };

describeGolden<Golden.Case, Golden.GoldenTraining>('training', ({ json, cases, array, arraysUnder }) => {
  const model = createModel(json.config);

  it.each(cases.map((each) => [each.name, each] as const))(
    '%s',
    async (_, each) => {
      if (each.kind === 'schedule') checkSchedule(each);
      else if (each.kind === 'groups') checkGroups(each);
      else if (each.kind === 'trajectory') checkTrajectory(each);
      else if (each.kind === 'gradients') await checkGradients(each).then(() => checkHalfPrecision(each));
      else if (each.kind === 'note') expect(each.expected.error).toContain('NotImplementedError');
      else throw new Error(`unknown kind of case: ${JSON.stringify(each)}`);
    },
    180_000,
  );

  function checkTrajectory({ options, steps, adam, ...expected }: Golden.TrajectoryCase) {
    const { trained, frozen } = startOf(options);
    expect(groupsOf(trained, options.weightDecay)).toEqual(expected.groups);
    expect(options.batchesPerEpoch).toBe(json.batches.count);
    expect(steps.length).toBe(options.epochs * json.batches.count);
    const schedule = scheduleOf({ kind: options.scheduler, base: options.learningRate, warmup: options.warmup, total: steps.length });
    const batches = Array.from({ length: json.batches.count }, (_, i) => batchOf(`batches/${i}`, options.imagesRolledBy));
    const optimizer = recording(options);
    const step = createTrainStep({ model, frozen, optimizer, ...lossAndClipping(options) });

    let state = initTrainState(trained, optimizer);
    const logitScales: number[] = [];
    steps.forEach((reference, i) => {
      expectRate(schedule(i), reference.learningRate, i);
      const result = step(state, batches[i % batches.length]!, schedule(i));
      state = result.state;
      if ('logit_scale' in state.params) logitScales.push(number(state.params['logit_scale']));
      expectTerms(result.metrics, reference.terms, reference.float32Terms, floors.terms);
      expect(termError(number(globalNorm(state.optimizer.grads)), reference.gradientNorm), 'gradient norm').toBeLessThan(floors.weights);
      for (const [weight, history] of Object.entries(expected.weightsAfterStep)) {
        expectClose(`${weight} after step ${i}`, state.params[weight], row(array(history), i), reference.float32WeightError[weight]);
      }
      for (const [weight, history] of Object.entries(expected.gradientsAtFirstSteps)) {
        if (i < array(history).shape[0]!) {
          expectClose(`gradient of ${weight} at step ${i}`, state.optimizer.grads[weight], row(array(history), i), 0);
        }
      }
    });

    if (options.bound !== undefined) expect(logitScales, 'the bound is met').toContain(Math.fround(options.bound));
    expect(number(state.optimizer.adam.step)).toBe(adam.step);
    for (const [weight, name] of Object.entries(expected.final)) {
      expectClose(weight, state.params[weight], array(name), expected.float32FinalError[weight]);
    }
    for (const [weight, name] of Object.entries(adam.moments.exp_avg ?? {})) {
      expectClose(`first moment of ${weight}`, state.optimizer.adam.expAvg[weight], array(name), expected.float32MomentError.exp_avg);
    }
    for (const [weight, name] of Object.entries(adam.moments.exp_avg_sq ?? {})) {
      expectClose(`second moment of ${weight}`, state.optimizer.adam.expAvgSq[weight], array(name), expected.float32MomentError.exp_avg_sq);
    }
  }

  /** One step at learning rate 0: the loss and all gradients of a batch, whichever way they are computed. */
  async function checkGradients({ options, batch, B, K, state, expected, ...reference }: Golden.GradientsCase) {
    const { trained, frozen } = startOf({ ...options, start: state });
    const optimizer = recording(options);
    const padded = batchOf(batch);
    expect(padded.negativeMask.shape).toEqual([K, B]);
    const packed = (prefixTree: boolean) => {
      const texts = { data: padded.texts.dataSync() as Int32Array, shape: padded.texts.shape };
      return { ...padded, packed: packedTensors(packTexts(texts, planPacking([texts], { prefixTree }))) };
    };
    const remat: TrainModel = { apply: (params, input, given) => model.apply(params, input, { ...given, remat: true }) };
    const ways: [string, TrainBatch, TrainModel][] = [
      ['padded', padded, model],
      ['packed', packed(false), model],
      ['prefix tree', packed(true), model],
      ['remat', padded, remat],
      ['prefix tree and remat', packed(true), remat],
    ];
    for (const [way, tensors, model] of ways) {
      const step = createTrainStep({ model, frozen, optimizer, ...lossAndClipping(options) });
      const compiled = jit(step);
      const start = initTrainState(trained, optimizer);
      const onDevice = await compiled(start, tensors, 0);
      const results = { plain: step(start, tensors, 0), compiled: (await tensorsOf(onDevice)) as ReturnType<typeof step> };
      await compiled.dispose();
      for (const [how, result] of Object.entries(results)) {
        expectTerms(result.metrics, expected, reference.float32, floors.gradients);
        expect(Object.keys(reference.gradients).sort()).toEqual(Object.keys(trained).sort());
        for (const [weight, name] of Object.entries(reference.gradients)) {
          const floor = weight === 'logit_scale' ? floors.logitScaleGradient : floors.gradients;
          const error = relativeError(result.state.optimizer.grads[weight]!.dataSync(), array(name).data);
          const allowed = allowedError(reference.float32GradientError[weight], floor);
          expect(error, `${way}, ${how}: gradient of ${weight}`).toBeLessThan(allowed);
        }
      }
    }
  }

  /** The same in float16, as far as float16 can tell. */
  async function checkHalfPrecision({ options, batch, state, expected, ...reference }: Golden.GradientsCase) {
    const { trained, frozen } = startOf({ ...options, start: state });
    const gradients: Optimizer<Params<Tensor>> = { init: (params) => params, update: (grads, _, params) => ({ params, state: grads }) };
    const given = { model, frozen, optimizer: gradients, lossScale: 1024, ...lossAndClipping(options) };
    const step = jit(createTrainStep(given), { precision: 'fp16' });
    const result = await tensorsOf(await step(initTrainState(trained, gradients), batchOf(batch), 0));
    await step.dispose();
    const { metrics, state: after } = result as ReturnType<ReturnType<typeof createTrainStep<Params<Tensor>>>>;
    const products = productsOf(Math.max(json.config.vision_cfg.layers, json.config.text_cfg.layers));
    const all = Object.values(expected).reduce((a, b) => a + b);
    for (const [term, value] of Object.entries(expected))
      expect(Math.abs(number(metrics[term]!) - value) / all, term).toBeLessThan(halfTolerance(products));
    const lengths = new Map(Object.entries(reference.gradients).map(([weight, name]) => [weight, Math.hypot(...array(name).data)]));
    const total = Math.hypot(...lengths.values());
    for (const [weight, name] of Object.entries(reference.gradients)) {
      const half = after.optimizer[weight]!.dataSync();
      const distance = Math.hypot(...array(name).data.map((x, i) => x - half[i]!));
      // What is tiny among all, as a bias of the keys, is measured by all.
      expect(distance / Math.max(lengths.get(weight)!, total * 1e-2), weight).toBeLessThan(halfTolerance(2 * products));
    }
  }

  function startOf({ start, lora, rank, logitScaleStart }: Golden.RunOptions): { trained: Params<Tensor>; frozen: Params<Tensor> } {
    const weights = tensors(arraysUnder(start), Object.keys(model.shapes));
    if (logitScaleStart !== undefined) weights['logit_scale'] = tensor(logitScaleStart);
    if (lora === undefined) return { trained: weights, frozen: createParams<Tensor>([]) };
    return { trained: tensors(arraysUnder(lora), Object.keys(adaptersOf(model, rank!))), frozen: weights };
  }

  /** A batch, its images rolled along the batch as torch.roll does. */
  function batchOf(prefix: string, rolledBy = 0): TrainBatch {
    const [images, mask, texts] = ['images', 'mask', 'texts'].map((name) => array(`${prefix}/${name}`));
    const plain = tensor(images!.data, [...images!.shape]);
    const kept = plain.shape[0]! - (rolledBy % plain.shape[0]!);
    return {
      images: concat([slice(plain, kept), slice(plain, 0, kept)]),
      texts: tensor(texts!.data, [...texts!.shape], 'int32'),
      negativeMask: tensor(mask!.data, [...mask!.shape], 'float32'),
    };
  }
});

/** Packed texts as tensors. */
function packedTensors(packed: PackedTexts<HostArray>): PackedTexts<Tensor> {
  const toTensor = ({ data, shape }: HostArray) => tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
  return mapParams<HostArray, Tensor>({ ...packed }, toTensor) as unknown as PackedTexts<Tensor>;
}

/** What a compiled step gave, as tensors. */
async function tensorsOf(tree: unknown): Promise<unknown> {
  const node = tree as { read?: () => Promise<Float32Array>; shape: readonly number[] };
  if (typeof node.read === 'function') return tensor(await node.read(), [...node.shape]);
  const entries = Object.entries(tree as object).map(async ([key, value]) => [key, await tensorsOf(value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function checkSchedule({ options, learningRates, error }: Golden.ScheduleCase) {
  const schedule = scheduleOf(options);
  expect(error, 'a schedule that the reference cannot compute').toBeNull();
  expect(learningRates.length).toBe(options.total + 1);
  learningRates.forEach((expected, step) => {
    expectRate(schedule(step), expected, step);
  });
}

function expectRate(actual: number, expected: number, step: number) {
  expect(Math.abs(actual - expected), `learning rate of step ${step}`).toBeLessThanOrEqual(floors.schedule * Math.abs(expected));
}

/** The groups of a real model or its adapters: those of a recipe, whose optimizer is the reference's. */
function checkGroups({ groups, betas, eps }: Golden.GroupsCase) {
  const weightDecay = groups[1]!.weightDecay;
  const ofModel = Object.values<Recipe>(recipes).filter(({ model: modelName, lora }) => {
    const model = createModel(modelName);
    const params = lora ? adaptersOf(narrow(model), lora.rank) : mapParams(model.shapes, (shape) => ({ shape }));
    return isDeepStrictEqual(groupsOf(params, weightDecay), groups);
  });
  expect(ofModel.length).toBeGreaterThan(0);
  for (const { optimizer } of ofModel) expect(optimizer).toEqual({ betas, epsilon: eps, weightDecay });
}

/** The adapters that LoRA puts beside a model's weights. */
function adaptersOf(model: Model, rank: number): Params<Tensor> {
  return partitionParams(addLora(createKey(0), model.init(createKey(0)), { rank }), isLora)[0];
}

/** A model with the same parameters by name, few numbers in each. */
function narrow({ config }: Model): Model {
  const { vision_cfg, text_cfg } = config;
  return createModel({
    ...config,
    embed_dim: 4,
    vision_cfg: { ...vision_cfg, width: 4, head_width: 4 },
    text_cfg: { ...text_cfg, width: 4, heads: 1, vocab_size: 4 },
  });
}

function groupsOf(params: Params<{ readonly shape: readonly number[] }>, weightDecay: number): Golden.Groups {
  const names = (decay: boolean) => Object.keys(params).filter((name) => decays(name, params[name]!) === decay);
  return [
    { weightDecay: 0, parameters: names(false) },
    { weightDecay, parameters: names(true) },
  ];
}

function scheduleOf({ kind, base, warmup, total, cooldownSteps, power, endLearningRate }: Golden.ScheduleOptions): Schedule {
  if (kind === 'cosine') return cosineSchedule({ base, warmup, total });
  if (kind === 'constant') return constantSchedule({ base, warmup });
  if (kind === 'constantCooldown') {
    return constantCooldownSchedule({ base, warmup, total, cooldown: cooldownSteps!, power: power!, end: endLearningRate! });
  }
  throw new Error(`unknown schedule: ${kind}`);
}

function lossAndClipping(options: Golden.RunOptions): Pick<TrainStepOptions<unknown>, 'loss' | 'clipGradNorm'> {
  return { loss: lossOf(options), ...(options.gradClipNorm !== null && { clipGradNorm: options.gradClipNorm }) };
}

function lossOf({ loss, globalWeight, localWeight, focalGamma, labelSmoothing }: Golden.RunOptions): TrainStepOptions<unknown>['loss'] {
  if (loss === 'clip') return combineLosses({ clip: clipLoss });
  if (loss === 'clipNegatives') return combineLosses({ clip: negClipLoss });
  const weights = { globalWeight: globalWeight ?? 0, localWeight: localWeight ?? 0, labelSmoothing: labelSmoothing ?? 0 };
  if (loss === 'focal') return fscClipLoss({ ...weights, focalGamma: focalGamma! });
  if (loss === 'crossEntropy') return fscClipLoss({ ...weights, focalGamma: 0 });
  throw new Error(`unknown loss: ${loss}`);
}

/** AdamW that also keeps the gradients it was given. */
function recording({ betas, eps, weightDecay }: Golden.RunOptions): Optimizer<{ adam: AdamWState; grads: Params<Tensor> }> {
  const optimizer = adamW({ betas, epsilon: eps, weightDecay });
  return {
    init: (params) => ({ adam: optimizer.init(params), grads: createParams<Tensor>([]) }),
    update: (grads, { adam }, params, hyper) => {
      const updated = optimizer.update(grads, adam, params, hyper);
      return { params: updated.params, state: { adam: updated.state, grads } };
    },
  };
}

function expectTerms(metrics: Readonly<Record<string, Scalar>>, expected: Golden.Numbers, float32: Golden.Numbers, floor: number) {
  for (const [term, value] of Object.entries(expected)) {
    const error = termError(number(metrics[term === 'total' ? 'loss' : term]), value);
    expect(error, term).toBeLessThan(allowedTermError(float32[term], value, floor));
  }
}

/** The keys' part of an attention bias has no gradient in exact arithmetic, and Adam makes steps of rounding noise: compared loosely. */
function expectClose(what: string, actual: Tensor | undefined, expected: HostArray, float32Error: number | undefined) {
  const data = actual!.dataSync();
  const error = (from: number, to: number) => relativeError(data.slice(from, to), expected.data.slice(from, to));
  expect(actual!.shape, what).toEqual(expected.shape);
  const third = data.length / 3;
  if (what.includes('in_proj_bias')) {
    expect(relativeError(data, expected.data), what).toBeLessThan(floors.keyBias);
    expect(Math.max(error(0, third), error(2 * third, 3 * third)), what).toBeLessThan(floors.weights);
  } else {
    expect(error(0, data.length), what).toBeLessThan(allowedError(float32Error, floors.weights));
  }
}

function tensors(arrays: Readonly<Record<string, HostArray>>, names: readonly string[]): Params<Tensor> {
  expect([...names].sort()).toEqual(Object.keys(arrays).sort());
  return createParams(names.map((name) => [name, tensor(arrays[name]!.data, [...arrays[name]!.shape])] as const));
}

function row({ data, shape }: HostArray, index: number): HostArray {
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  return { data: data.slice(index * size, (index + 1) * size), shape: shape.slice(1) };
}

function number(value: Tensor | undefined): number {
  return value!.dataSync()[0]!;
}
