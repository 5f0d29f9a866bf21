import { type Key, OptionError, type Params } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { initialize } from '../model/initialize.js';
import type { Initial } from '../model/parameters.js';
import { adapterNames, adapterShapes, isLora, type MatrixShape } from './adapters.js';

/** Kinds of weights that can be adapted: the patch embedding, the attention's projections, the MLP's layers. */
export type LoraTarget = 'conv1' | 'in_proj' | 'out_proj' | 'c_fc' | 'c_proj';

const suffixes: Readonly<Record<LoraTarget, string>> = {
  conv1: 'visual.conv1.weight',
  in_proj: '.attn.in_proj_weight',
  out_proj: '.attn.out_proj.weight',
  c_fc: '.mlp.c_fc.weight',
  c_proj: '.mlp.c_proj.weight',
};

/** Options of `addLora`. */
export interface LoraOptions {
  /** Width of the adapters: the products `B A` have this rank. */
  readonly rank: number;
  /** What is adapted, in both towers. @defaultValue all of them, as the reference does */
  readonly targets?: readonly LoraTarget[];
  /**
   * `reference`: A and B of the fused q, k, v projection are both Xavier-uniform, so a model with fresh adapters is not the pretrained
   * one; all other B are zero. `zeroB`: every B is zero, so nothing changes before the first step. @defaultValue 'reference'
   */
  readonly init?: 'reference' | 'zeroB';
}

/**
 * The weights with LoRA adapters beside them (arXiv 2106.09685), in the reference's names and layout: `….lora_A` [rank, in] and
 * `….lora_B` [out, rank]; `visual.conv1.lora_A` [rank·p, 3p] and `.lora_B` [w·p, rank·p]. A is Kaiming-uniform, `U(± 1/√in)`.
 * Each adapter draws under its own name. How strongly adapters count is the model's: `createModel(…, { loraAlpha })`.
 *
 * @returns the tensors of `params`, not copied, and new ones for the adapters
 * @throws OptionError for a rank that is no positive integer, no target among the weights, or weights that hold adapters already
 * @example
 * const [trainable, frozen] = partitionParams(addLora(key, params, { rank: 4 }), isLora);
 */
export function addLora(key: Key, params: Params<Tensor>, options: LoraOptions): Params<Tensor> {
  const { rank, targets = Object.keys(suffixes) as LoraTarget[], init = 'reference' } = options;
  const refuse = (argument: string, rule: string, got: string): never => {
    throw new OptionError({ function: 'addLora', argument, rule, got });
  };
  if (!Number.isSafeInteger(rank) || rank < 1) refuse('rank', 'must be a positive integer', String(rank));
  for (const target of targets) {
    if (!Object.hasOwn(suffixes, target)) refuse('targets', `must be among ${Object.keys(suffixes).join(', ')}`, target);
  }
  if (init !== 'reference' && init !== 'zeroB') refuse('init', "must be 'reference' or 'zeroB'", String(init));
  const names = Object.keys(params);
  const adapted = names.find(isLora);
  if (adapted !== undefined) refuse('params', 'must hold no adapters yet', adapted);
  const weights = names.filter((name) => targets.some((target) => name.endsWith(suffixes[target])));
  if (weights.length === 0) refuse('targets', 'must name weights that `params` holds', targets.join(', ') || 'none');

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
