import { OptionError } from '@fsc-clip/core';
import type { Schedule } from '@fsc-clip/core/tensor';
import { addN, mul, type Scalar, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';

type AnyLoss = (output: never, batch: never) => Scalar;

type OutputOf<Loss> = Loss extends (output: infer Output, ...rest: never[]) => Tensor ? Output : unknown;
type BatchOf<Loss> = Loss extends (output: never, batch: infer Batch, ...rest: never[]) => Tensor ? Batch : unknown;
/** All members of a union at once: functions take their parameters contravariantly. */
type All<Wrapped> = [Wrapped] extends [(value: infer Value) => void] ? Value : never;

/** What each loss counts, by its name. */
export type LossWeights<Name extends string, Weight = number> = { readonly [N in Name]?: Weight };

/** The sum of several losses, and each with its weight: the terms add up to `total`. */
export type CombinedLoss<Losses> = (
  output: All<{ [Name in keyof Losses]: (value: OutputOf<Losses[Name]>) => void }[keyof Losses]>,
  batch: All<{ [Name in keyof Losses]: (value: BatchOf<Losses[Name]>) => void }[keyof Losses]>,
  /** Weights of this call, in the place of those that `combineLosses` was given. */
  weights?: LossWeights<keyof Losses & string, Scalar | number>,
) => { total: Scalar; terms: { [Name in keyof Losses]: Scalar } };

/**
 * One loss out of several: a function that returns their weighted sum `total` and, for reports, the weighted `terms` by name. It asks
 * of its output and batch all that its losses ask.
 *
 * @param losses - by name
 * @param weights - by the same names, 1 where none is given. 0 turns a loss off: it does not run, its term is 0. Weights that change from
 *   step to step are given with the call (`scheduleWeights`); as arguments of a compiled step they do not make it compile anew
 * @throws OptionError when there is no loss, or a weight is not finite or belongs to no loss
 * @example
 * const loss = combineLosses(
 *   { clip: clipLoss, globalNegative: globalNegativeLoss, localNegative: localNegativeLoss },
 *   { clip: 1, globalNegative: 0.5, localNegative: 0.2 },
 * );
 * const { total, terms } = loss(output, batch); // terms.clip, terms.globalNegative, terms.localNegative
 */
export function combineLosses<const Losses extends Record<string, AnyLoss>>(
  losses: Losses,
  weights: LossWeights<keyof Losses & string> = {},
): CombinedLoss<Losses> {
  const names = Object.keys(losses);
  if (names.length === 0) throw new OptionError({ function: 'combineLosses', argument: 'losses', rule: 'must name a loss', got: 'none' });
  for (const [name, weight] of Object.entries<number | undefined>(weights)) {
    const argument = `weights.${name}`;
    if (!Object.hasOwn(losses, name))
      throw new OptionError({ function: 'combineLosses', argument, rule: `must belong to a loss (${names.join(', ')})` });
    if (!Number.isFinite(weight)) {
      throw new OptionError({ function: 'combineLosses', argument, rule: 'must be a finite number', got: String(weight) });
    }
  }
  const combined = (output: never, batch: never, ofThisCall: LossWeights<string, Scalar | number> = {}) =>
    tidy(() => {
      const term = (name: string): Scalar => {
        const weight = ofThisCall[name] ?? weights[name] ?? 1;
        if (weight === 0) return scalar(0);
        const value = losses[name]!(output, batch);
        return weight === 1 ? value : mul(value, weight);
      };
      const terms = Object.fromEntries(names.map((name) => [name, term(name)]));
      return { total: addN(Object.values(terms)), terms };
    });
  return combined as CombinedLoss<Losses>;
}

/**
 * The weights of every step: schedules (or numbers) by the names of the losses in, numbers out.
 *
 * @param schedules - `Schedule`s of `@fsc-clip/core/tensor`, functions of the step counted from 0, or constant weights
 * @returns a function of the step
 * @example
 * const weightsOf = scheduleWeights({ clip: 1, globalNegative: (step) => Math.min(1, step / 100) });
 * const loss = combineLosses({ clip: clipLoss, globalNegative: globalNegativeLoss });
 * const { total } = loss(output, batch, weightsOf(50)); // clip + 0.5 · globalNegative
 */
export function scheduleWeights<Name extends string>(
  schedules: Readonly<Record<Name, Schedule | number>>,
): (step: number) => Record<Name, number> {
  return (step) => {
    const entries = Object.entries<Schedule | number>(schedules);
    return Object.fromEntries(entries.map(([name, at]) => [name, typeof at === 'number' ? at : at(step)])) as Record<Name, number>;
  };
}
