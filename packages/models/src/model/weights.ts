import { type Params, ShapeError, WeightsError } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LoraDropout } from '../lora/lora-dropout.js';

/** Shapes by name. */
export type Shapes = Readonly<Params<readonly number[]>>;

/** The weights of one run, looked up by name, with a prefix that grows on the way down. */
export interface Weights {
  /** The tensor of this name. @throws WeightsError when it is missing, ShapeError when its shape is not the model's */
  get<T extends Tensor>(name: string): T;
  /** The tensor of this name if there is one: adapters. */
  find<T extends Tensor>(name: string): T | undefined;
  /** The weights whose names begin with `prefix`. */
  under(prefix: string): Weights;
  readonly lora: LoraRun;
  /** The whole name of a weight. */
  nameOf(name: string): string;
}

/** How adapters take part in a run. */
export interface LoraRun {
  /** What the product of two adapters is multiplied by. */
  scaling(rank: number): number;
  /** While training, if at all. */
  readonly dropout?: LoraDropout;
}

/** Weights over a record, for the function `caller`. */
export function weightsOf(caller: string, params: Params<Tensor>, shapes: Shapes, lora: LoraRun, prefix = ''): Weights {
  return {
    lora,
    nameOf: (name) => prefix + name,
    get: <T extends Tensor>(name: string) => {
      const full = prefix + name;
      const value = params[full];
      if (!value) throw new WeightsError({ function: caller, argument: 'params', rule: `must hold \`${full}\``, got: 'none' });
      const shape = shapes[full];
      if (!shape || !sameShape(value.shape, shape)) {
        const rule = `must be [${shape?.join(', ')}]`;
        throw new ShapeError({ function: caller, argument: full, rule, got: `[${value.shape.join(', ')}]` });
      }
      return value as T;
    },
    find: <T extends Tensor>(name: string) => params[prefix + name] as T | undefined,
    under: (more) => weightsOf(caller, params, shapes, lora, prefix + more),
  };
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
