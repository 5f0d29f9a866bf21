import { OptionError } from '@fsc-clip/core';
import { addN, mul, type Scalar, scalar, tidy } from '@tensorflow/tfjs-core';

type AnyLoss = (output: never, batch: never) => Scalar;

/** A loss and what it counts in a sum. */
export interface WeightedLoss<Loss extends AnyLoss = AnyLoss> {
  readonly loss: Loss;
  /** Finite; 0 turns the loss off. */
  readonly weight: number;
}

type LossOf<Entry> = Entry extends WeightedLoss<infer Loss> ? Loss : Entry;
type OutputOf<Entry> = LossOf<Entry> extends (output: infer Output, ...rest: never[]) => Scalar ? Output : unknown;
type BatchOf<Entry> = LossOf<Entry> extends (output: never, batch: infer Batch, ...rest: never[]) => Scalar ? Batch : unknown;
/** All members of a union at once: functions take their parameters contravariantly. */
type All<Wrapped> = [Wrapped] extends [(value: infer Value) => void] ? Value : never;

/** The sum of several losses, and each with its weight: the terms add up to `total`. */
export type CombinedLoss<Losses> = (
  output: All<{ [Name in keyof Losses]: (value: OutputOf<Losses[Name]>) => void }[keyof Losses]>,
  batch: All<{ [Name in keyof Losses]: (value: BatchOf<Losses[Name]>) => void }[keyof Losses]>,
) => { total: Scalar; terms: { [Name in keyof Losses]: Scalar } };

/**
 * One loss out of several: a function that returns their weighted sum `total` and, for reports, the weighted `terms` by name. It asks
 * of its output and batch all that its losses ask.
 *
 * @param losses - by name: a loss (weight 1), or `{ loss, weight }`. Weight 0 turns a loss off: it does not run, its term is 0
 * @throws OptionError when there is no loss or a weight is not finite
 * @example
 * const loss = combineLosses({
 *   clip: clipLoss,
 *   globalNegative: { loss: (output: Features, batch: HasNegatives) => globalNegativeLoss(output, batch, { focalGamma: 1 }), weight: 0.5 },
 * });
 * const { total, terms } = loss(output, batch); // terms.clip, terms.globalNegative
 */
export function combineLosses<const Losses extends Record<string, AnyLoss | WeightedLoss>>(losses: Losses): CombinedLoss<Losses> {
  const entries = Object.entries(losses).map(([name, entry]) => ({
    name,
    ...(typeof entry === 'function' ? { loss: entry, weight: 1 } : entry),
  }));
  if (entries.length === 0) throw new OptionError({ function: 'combineLosses', argument: 'losses', rule: 'must name a loss', got: 'none' });
  for (const { name, weight } of entries) {
    if (!Number.isFinite(weight)) {
      throw new OptionError({
        function: 'combineLosses',
        argument: `${name}.weight`,
        rule: 'must be a finite number',
        got: String(weight),
      });
    }
  }
  const combined = (output: never, batch: never) =>
    tidy(() => {
      const weighted = ({ loss, weight }: WeightedLoss): Scalar => {
        if (weight === 0) return scalar(0);
        return weight === 1 ? loss(output, batch) : mul(loss(output, batch), weight);
      };
      const terms = Object.fromEntries(entries.map((entry) => [entry.name, weighted(entry)]));
      return { total: addN(Object.values(terms)), terms };
    });
  return combined as CombinedLoss<Losses>;
}
