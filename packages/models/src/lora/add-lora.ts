import { type Key, OptionError, type Params } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { initialize } from '../model/initialize.js';
import type { Initial } from '../model/parameters.js';
import { adapterNames, adapterShapes, type MatrixShape } from './adapters.js';
import { type LoraTargets, targetedWeights } from './lora-targets.js';

/** Options of `addLora`. */
export interface LoraOptions extends LoraTargets {
  /** Width of the adapters: the products `B A` have this rank. */
  readonly rank: number;
  /**
   * `reference`: A and B of the fused q, k, v projection are both Xavier-uniform, so a model with fresh adapters is not the pretrained
   * one; all other B are zero. `zeroB`: every B is zero, so nothing changes before the first step. @defaultValue 'reference'
   */
  readonly init?: 'reference' | 'zeroB';
}

/**
 * The weights with LoRA adapters beside them (arXiv 2106.09685), in the reference's names and layout: `….lora_A` [rank, in] and
 * `….lora_B` [out, rank]; `visual.conv1.lora_A` [rank·p, 3p] and `.lora_B` [w·p, rank·p]. A is Kaiming-uniform, `U(± 1/√in)`.
 * Each adapter draws under its own name. How strongly adapters count is the model's: `createModel(…, { loraAlpha, rsLora })`.
 *
 * Other ranks for other weights: call it once for each, with other targets.
 *
 * @returns the tensors of `params`, not copied, and new ones for the adapters
 * @throws OptionError for a rank that is no positive integer, a target that names nothing, or weights that have adapters already
 * @example
 * const [trainable, frozen] = partitionParams(addLora(key, params, { rank: 4 }), isLora);
 */
export function addLora(key: Key, params: Params<Tensor>, options: LoraOptions): Params<Tensor> {
  const { rank, init = 'reference' } = options;
  const refuse = (argument: string, rule: string, got: string): never => {
    throw new OptionError({ function: 'addLora', argument, rule, got });
  };
  if (!Number.isSafeInteger(rank) || rank < 1) refuse('rank', 'must be a positive integer', String(rank));
  if (init !== 'reference' && init !== 'zeroB') refuse('init', "must be 'reference' or 'zeroB'", String(init));
  const weights = targetedWeights('addLora', Object.keys(params), options);
  const adapted = weights.flatMap(adapterNames).find((name) => params[name]);
  if (adapted !== undefined) refuse('params', 'must hold no adapters of the targets yet', adapted);

  const adapters = weights.flatMap((name) => {
    const [a, b] = adapterNames(name);
    const [aShape, bShape] = adapterShapes(params[name]!.shape, rank);
    const fused = name.endsWith('in_proj_weight');
    const first = fused ? xavier(aShape) : { bound: aShape[1] ** -0.5 };
    const second = fused && init === 'reference' ? xavier(bShape) : { value: 0 };
    return [created(key, a, aShape, first), created(key, b, bShape, second)];
  });
  return createParams([...Object.entries(params), ...adapters]);
}

function xavier([rows, columns]: MatrixShape): Initial {
  return { bound: Math.sqrt(6 / (rows + columns)) };
}

function created(key: Key, name: string, shape: MatrixShape, initial: Initial): readonly [string, Tensor] {
  return [name, tensor(initialize(key, name, { shape, initial }).data, [...shape])];
}
