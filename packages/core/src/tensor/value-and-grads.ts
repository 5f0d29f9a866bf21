import { engine, getGradient, keep, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { OptionError } from '../errors.js';
import type { Params } from '../types.js';
import { registerGradients } from './gradients.js';
import { createParams } from './params.js';

/** A loss with its parts, as `combineLosses` and `fscClipLoss` return it. */
export interface LossTerms {
  readonly total: Scalar;
  readonly terms: Readonly<Record<string, Scalar>>;
}

/** The value of a loss, its reported terms (empty for a plain scalar) and the gradient of every parameter. */
export interface ValueAndGrads {
  readonly value: Scalar;
  readonly terms: Record<string, Scalar>;
  readonly grads: Params<Tensor>;
}

/**
 * Gradients over a record of parameters: `valueAndGrads(loss)(params, ...inputs)` is tfjs's `valueAndGrads` with names.
 *
 * @param loss - returns a scalar, or `{ total, terms }` whose terms are reported beside the value
 * @returns a function of the same arguments that gives `{ value, terms, grads }`; `grads` has the keys and shapes of `params`
 * @throws OptionError when tfjs has no gradients registered (`import '@tensorflow/tfjs'` once), or a parameter does not reach the loss
 * @example
 * const { value, grads } = valueAndGrads((params, x) => sum(square(matMul(x, params.w))))({ w }, x);
 */
export function valueAndGrads<Inputs extends unknown[]>(
  loss: (params: Params<Tensor>, ...inputs: Inputs) => Scalar | LossTerms,
): (params: Params<Tensor>, ...inputs: Inputs) => ValueAndGrads {
  return (params, ...inputs) => {
    registerGradients();
    const names = Object.keys(params);
    if (names.length === 0)
      throw new OptionError({ function: 'valueAndGrads', argument: 'params', rule: 'must hold a parameter', got: 'none' });
    const kept: Record<string, Scalar> = {};
    return tidy(() => {
      const forward = () => {
        const result = loss(params, ...inputs);
        if (!('terms' in result)) return result;
        // copies, since a term may be the total itself
        for (const [term, scalar] of Object.entries(result.terms)) kept[term] = keep(scalar.clone());
        return result.total;
      };
      try {
        const { value, grads } = explained(() => engine().gradients(forward, Object.values(params), undefined, true));
        requireAll(names, grads);
        const terms = Object.fromEntries(Object.entries(kept).map(([term, scalar]) => [term, scalar.clone()]));
        return { value: value as Scalar, terms, grads: createParams(names.map((name, i) => [name, grads[i]!] as const)) };
      } finally {
        for (const scalar of Object.values(kept)) scalar.dispose();
      }
    });
  };
}

function requireAll(names: readonly string[], grads: readonly (Tensor | null)[]): void {
  const unreached = names.filter((_, i) => grads[i] == null);
  if (unreached.length === 0) return;
  throw new OptionError({
    function: 'valueAndGrads',
    argument: 'params',
    rule: 'must all reach the loss',
    got: `${unreached.slice(0, 5).join(', ')}${unreached.length > 5 ? ` and ${unreached.length - 5} more` : ''} without a path to it`,
    hint: 'Pass what is not trained apart (partitionParams)',
  });
}

function explained<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!message.includes('gradient function not found')) throw cause;
    const registered = getGradient('Multiply') !== undefined;
    throw new OptionError({
      function: 'valueAndGrads',
      argument: 'loss',
      rule: 'must use operations with a registered gradient',
      got: message,
      hint: registered
        ? 'tfjs has no gradient for this operation: compute what needs none inside `detached`'
        : "@tensorflow/tfjs-core alone registers none: import '@tensorflow/tfjs' (or tfjs-node) once in your program",
      cause,
    });
  }
}
