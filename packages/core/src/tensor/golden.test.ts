import '@tensorflow/tfjs';
import { describeGolden, relativeError } from '@fsc-clip/testdata';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { adamW, decays } from './adamw.js';
import { createParams } from './params.js';
import { constantCooldownSchedule, constantSchedule, cosineSchedule, type Schedule } from './schedules.js';

interface ScheduleOptions {
  readonly kind: 'cosine' | 'constant' | 'constantCooldown';
  readonly base: number;
  readonly warmup: number;
  readonly total: number;
  readonly cooldownSteps?: number;
  readonly power?: number;
  readonly endLearningRate?: number;
}

interface TrainingOptions {
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly start: string;
  readonly lora?: string;
  readonly gradClipNorm: number | null;
  readonly logitScaleStart?: number;
}

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly options: ScheduleOptions & TrainingOptions;
  readonly learningRates: readonly number[];
  readonly groups?: readonly { readonly weightDecay: number; readonly parameters: readonly string[] }[];
  readonly steps: readonly { readonly learningRate: number }[];
  readonly weightsAfterStep: Readonly<Record<string, string>>;
  readonly gradientsAtFirstSteps: Readonly<Record<string, string>>;
}

const schedules: Readonly<Record<ScheduleOptions['kind'], (options: ScheduleOptions) => Schedule>> = {
  cosine: cosineSchedule,
  constant: constantSchedule,
  constantCooldown: ({ cooldownSteps, power, endLearningRate, ...options }) =>
    constantCooldownSchedule({ ...options, cooldown: cooldownSteps!, power: power!, end: endLearningRate! }),
};

describeGolden<Case>('training', (area) => {
  const named = (wanted: (each: Case) => boolean) => area.cases.filter(wanted).map((each) => [each.name, each] as const);

  it.each(named(({ kind }) => kind === 'schedule'))('%s', (_, { options, learningRates }) => {
    const schedule = schedules[options.kind](options);
    const error = learningRates.map((rate, step) => Math.abs(schedule(step) - rate));
    expect(Math.max(...error)).toBeLessThanOrEqual(1e-12 * options.base);
  });

  // Names of the real models come without shapes: a block's parameter has the rank of block 0 of the tiny model.
  const shapes = new Map(
    Object.entries({ ...area.arraysUnder('state/start'), ...area.arraysUnder('lora/start') }).map(([name, { shape }]) => [name, shape]),
  );
  const shapeOf = (name: string) => {
    const shape = shapes.get(name.replace(/resblocks\.\d+\./, 'resblocks.0.'));
    if (!shape) throw new Error(`no shape for ${name}`);
    return shape;
  };
  it.each(named(({ groups }) => groups !== undefined))('parameter groups of %s', (_, { groups }) => {
    const listed = groups!.flatMap(({ weightDecay, parameters }) => parameters.map((name) => [name, weightDecay > 0]));
    expect(listed.length).toBeGreaterThan(0);
    expect(listed).toEqual(listed.map(([name]) => [name, decays(name as string, { shape: shapeOf(name as string) })]));
  });

  const unchanged = ({ kind, options }: Case) =>
    kind === 'trajectory' && options.gradClipNorm === null && options.logitScaleStart === undefined;
  it.each(named(unchanged))('AdamW over the first steps of %s', (_, { options, steps, weightsAfterStep, gradientsAtFirstSteps }) => {
    const optimizer = adamW({ betas: options.betas, epsilon: options.eps, weightDecay: options.weightDecay });
    const names = Object.keys(gradientsAtFirstSteps);
    const start = names.map((name) => area.array(`${options.lora ?? options.start}/${name}`));
    const step = (key: string, row: number): Float32Array => {
      const { data, shape } = area.array(key);
      const size = data.length / shape[0]!;
      return data.slice(row * size, (row + 1) * size) as Float32Array;
    };
    let params = createParams(start.map(({ data, shape }, i) => [names[i]!, tensor(data, [...shape]) as Tensor] as const));
    let state = optimizer.init(params);
    const count = area.array(Object.values(gradientsAtFirstSteps)[0]!).shape[0]!;
    for (let row = 0; row < count; row++) {
      const grads = createParams(
        names.map((name, i) => [name, tensor(step(gradientsAtFirstSteps[name]!, row), [...start[i]!.shape]) as Tensor] as const),
      );
      ({ params, state } = optimizer.update(grads, state, params, { learningRate: steps[row]!.learningRate }));
      for (const name of names) {
        expect(relativeError(params[name]!.dataSync(), step(weightsAfterStep[name]!, row)), `${name}, step ${row}`).toBeLessThan(2e-6);
      }
    }
  });
});
