import { type Params, type Shaped, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import type { Model } from '../model/create-model.js';
import { mismatch } from '../weights/check-weights.js';

/**
 * Checks that adapters fit a model's weights.
 *
 * @throws WeightsError that lists what is missing, extra and of another shape
 */
export function checkAdapters(caller: string, argument: string, model: Model, adapters: Params<Shaped>): void {
  const weights = Object.entries(model.shapes).map(([name, shape]) => [name, { shape }] as const);
  const got = mismatch(model.shapes, createParams([...weights, ...Object.entries(adapters)]), {});
  if (got !== '') throw new WeightsError({ function: caller, argument, rule: "must hold adapters of the model's weights", got });
}
