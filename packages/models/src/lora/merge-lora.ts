import { type Params, WeightsError } from '@fsc-clip/core';
import { createParams, mergeParams, partitionParams } from '@fsc-clip/core/tensor';
import { add, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core';
import { adapterDelta, adapterNames, isLora } from './adapters.js';
import { type LoraScale, loraScaling } from './lora-scale.js';

/**
 * Weights without adapters that compute the same: `weight + alpha / rank · B A`, in float32.
 *
 * @param scale - the model's `loraAlpha` and `rsLora`; the model itself will do
 * @returns new tensors for the weights that had adapters, the tensors of `params`, not copied, for the others
 * @throws WeightsError when an adapter's partner or weight is missing
 */
export function mergeLora(params: Params<Tensor>, scale: LoraScale = {}): Params<Tensor> {
  const [adapters, weights] = partitionParams(params, isLora);
  return withDeltas('mergeLora', weights, adapters, scale, 1);
}

/**
 * Takes merged adapters out of the weights again: `weight − alpha / rank · B A`. The weights are those from before the merge up to
 * rounding; keep the originals where the last bit counts.
 *
 * @param merged - weights without adapters
 * @param adapters - the adapters that were merged
 * @param scale - the model's `loraAlpha` and `rsLora`; the model itself will do
 * @returns weights and adapters in one record; new tensors for the weights that changed, the given ones, not copied, for the rest
 * @throws WeightsError when an adapter's partner or weight is missing
 */
export function unmergeLora(merged: Params<Tensor>, adapters: Params<Tensor>, scale: LoraScale = {}): Params<Tensor> {
  return mergeParams(withDeltas('unmergeLora', merged, adapters, scale, -1), adapters);
}

/** `weights`, those with adapters plus `sign` times what their adapters add. */
function withDeltas(caller: string, weights: Params<Tensor>, adapters: Params<Tensor>, scale: LoraScale, sign: 1 | -1): Params<Tensor> {
  const scaling = loraScaling(caller, scale);
  return tidy(() => {
    const left = new Set(Object.keys(adapters));
    const changed = Object.entries(weights).map(([name, weight]) => {
      const [a, b] = adapterNames(name).filter((adapter) => left.delete(adapter));
      if (a === undefined) return [name, weight] as const;
      if (b === undefined) throw new WeightsError({ function: caller, argument: name, rule: 'must have both adapters', got: `only ${a}` });
      const delta = adapterDelta(weight.shape, adapters[a] as Tensor2D, adapters[b] as Tensor2D, (rank) => sign * scaling(rank));
      return [name, add(weight, delta)] as const;
    });
    for (const adapter of left) {
      throw new WeightsError({ function: caller, argument: adapter, rule: 'must stand beside its weight', got: 'no such weight' });
    }
    return createParams(changed);
  });
}
