import { OptionError } from '@fsc-clip/core';

/** Which process this is, and how gradients are to come out; a `Collective` of `@fsc-clip/distributed` has `rank` and `size`. */
export interface RankOptions {
  /** 0 … size − 1. */
  readonly rank: number;
  readonly size: number;
  /**
   * For gradients that are *averaged* over the ranks afterwards. `exact` makes that average the gradient of the whole batch in one process.
   * `reference` is what the reference and open_clip without `--gather-with-grad` do: the gradient at the features comes out `size` times
   * too small, the one at `logitScale` does not, and means over images with a negative are means per rank.
   * @defaultValue 'exact'
   */
  readonly gather?: 'exact' | 'reference';
}

/** @throws OptionError */
export function checkRanks(name: string, { rank, size, gather = 'exact' }: RankOptions): void {
  if (!(Number.isInteger(size) && size >= 1))
    throw new OptionError({ function: name, argument: 'size', rule: 'must be a positive integer', got: String(size) });
  if (!(Number.isInteger(rank) && rank >= 0 && rank < size))
    throw new OptionError({ function: name, argument: 'rank', rule: `must be an integer from 0 to ${size - 1}`, got: String(rank) });
  if (gather !== 'exact' && gather !== 'reference')
    throw new OptionError({ function: name, argument: 'gather', rule: "must be 'exact' or 'reference'", got: String(gather) });
}
