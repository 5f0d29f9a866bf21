import { OptionError, type Params, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core';
import { adapterNames, isLora, mergedWeight } from './adapters.js';

/** Options of `mergeLora`. */
export interface MergeLoraOptions {
  /** The model's `loraAlpha`. @defaultValue 1 */
  readonly alpha?: number;
}

/**
 * Weights without adapters that compute the same: `weight + alpha / rank · B A`.
 *
 * @returns new tensors for the weights that had adapters, the tensors of `params`, not copied, for the others
 * @throws WeightsError when an adapter's partner or weight is missing
 */
export function mergeLora(params: Params<Tensor>, { alpha = 1 }: MergeLoraOptions = {}): Params<Tensor> {
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw new OptionError({ function: 'mergeLora', argument: 'alpha', rule: 'must be a positive number', got: String(alpha) });
  }
  return tidy(() => {
    const left = new Set(Object.keys(params).filter(isLora));
    const weights = Object.entries(params).filter(([name]) => !isLora(name));
    const merged = weights.map(([name, weight]) => {
      const [a, b] = adapterNames(name).filter((adapter) => left.delete(adapter));
      if (a === undefined) return [name, weight] as const;
      if (b === undefined)
        throw new WeightsError({ function: 'mergeLora', argument: name, rule: 'must have both adapters', got: `only ${a}` });
      return [name, mergedWeight(weight, params[a] as Tensor2D, params[b] as Tensor2D, alpha)] as const;
    });
    for (const adapter of left) {
      throw new WeightsError({ function: 'mergeLora', argument: adapter, rule: 'must stand beside its weight', got: 'no such weight' });
    }
    return createParams(merged);
  });
}
