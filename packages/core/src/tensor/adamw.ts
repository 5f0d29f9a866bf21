import { add, div, mul, pow, type Scalar, scalar, sqrt, square, sub, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { OptionError, WeightsError } from '../errors.js';
import type { Params } from '../types.js';
import { mapParams } from './params.js';

/** An optimizer as two pure functions: state in, state out, all of it tensors. */
export interface Optimizer<State> {
  init(params: Params<Tensor>): State;
  update(
    grads: Params<Tensor>,
    state: State,
    params: Params<Tensor>,
    hyper: { readonly learningRate: number | Scalar },
  ): { params: Params<Tensor>; state: State };
}

/** State of AdamW, named as in PyTorch's optimizer state. */
export interface AdamWState {
  /** f32 scalar: updates done. */
  readonly step: Scalar;
  readonly expAvg: Params<Tensor>;
  readonly expAvgSq: Params<Tensor>;
}

/** Options of `adamW`. Defaults are the recipe's for a ViT. */
export interface AdamWOptions {
  /** @defaultValue [0.9, 0.98] */
  readonly betas?: readonly [number, number];
  /** @defaultValue 1e-6 */
  readonly epsilon?: number;
  /** @defaultValue 0.1 */
  readonly weightDecay?: number;
  /** Which parameters decay. @defaultValue `decays`: the reference's groups */
  readonly decays?: (name: string, value: { readonly shape: readonly number[] }) => boolean;
}

/**
 * The reference's two groups: no decay for parameters of fewer than two dimensions and for names that contain `bn`, `ln`, `bias` or
 * `logit_scale`; decay for everything else (embeddings, projections, LoRA).
 */
export function decays(name: string, value: { readonly shape: readonly number[] }): boolean {
  return value.shape.length >= 2 && !['bn', 'ln', 'bias', 'logit_scale'].some((part) => name.includes(part));
}

/**
 * AdamW with decoupled weight decay (arXiv 1711.05101), equal to `torch.optim.AdamW`:
 * `p ← p (1 − lr λ)`, `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`.
 *
 * @throws OptionError when an option is out of its range; WeightsError when a parameter has no gradient
 */
export function adamW({
  betas = [0.9, 0.98],
  epsilon = 1e-6,
  weightDecay = 0.1,
  decays: decaysParam = decays,
}: AdamWOptions = {}): Optimizer<AdamWState> {
  const [beta1, beta2] = betas;
  for (const [argument, beta] of [
    ['betas[0]', beta1],
    ['betas[1]', beta2],
  ] as const) {
    if (!(beta >= 0 && beta < 1)) throw new OptionError({ function: 'adamW', argument, rule: 'must be in [0, 1)', got: String(beta) });
  }
  for (const [argument, value] of Object.entries({ epsilon, weightDecay })) {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new OptionError({ function: 'adamW', argument, rule: 'must be a finite number of at least 0', got: String(value) });
    }
  }
  return {
    init: (params) => ({
      step: scalar(0),
      expAvg: mapParams(params, (p) => zeros(p.shape)),
      expAvgSq: mapParams(params, (p) => zeros(p.shape)),
    }),
    update: (grads, state, params, { learningRate }) =>
      tidy(() => {
        const step = add(state.step, 1) as Scalar;
        const stepSize = div(learningRate, sub(1, pow(beta1, step)));
        const correction = sqrt(sub(1, pow(beta2, step)));
        const shrink = sub(1, mul(learningRate, weightDecay));
        const gradOf = (name: string): Tensor => {
          const grad = grads[name];
          if (!grad) throw new WeightsError({ function: 'adamW.update', argument: name, rule: 'must have a gradient', got: 'none' });
          return grad;
        };
        const expAvg = mapParams(state.expAvg, (m, name) => add(mul(m, beta1), mul(gradOf(name), 1 - beta1)));
        const expAvgSq = mapParams(state.expAvgSq, (v, name) => add(mul(v, beta2), mul(square(gradOf(name)), 1 - beta2)));
        const updated = mapParams(params, (p, name) => {
          const denominator = add(div(sqrt(expAvgSq[name]!), correction), epsilon);
          const kept = weightDecay > 0 && decaysParam(name, p) ? mul(p, shrink) : p;
          return sub(kept, mul(stepSize, div(expAvg[name]!, denominator)));
        });
        return { params: updated, state: { step, expAvg, expAvgSq } };
      }),
  };
}
