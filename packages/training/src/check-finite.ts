import { DataError } from '@fsc-clip/core';

/** Where a number came from, for the message of `checkFinite`. */
export interface FiniteContext {
  readonly step: number;
  /** The batch's sample names. */
  readonly keys: readonly string[];
}

const namedKeys = 256;

/**
 * Stops a run whose numbers have gone: throws when a metric is NaN or infinite.
 *
 * @throws DataError that names every such metric, the step and the batch's samples (the first 256)
 * @example
 * checkFinite({ loss: 2.3, clip: 1.4 }, { step: 12, keys: ['a.jpg', 'b.jpg'] });
 */
export function checkFinite(metrics: Readonly<Record<string, number>>, { step, keys }: FiniteContext): void {
  const gone = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  if (gone.length === 0) return;
  const rest = keys.length > namedKeys ? ` and ${keys.length - namedKeys} more` : '';
  throw new DataError({
    function: 'checkFinite',
    argument: gone.map(([name]) => name).join(', '),
    rule: 'must be finite',
    got: `${gone.map(([, value]) => value).join(', ')} at step ${step} (samples: ${keys.slice(0, namedKeys).join(', ')}${rest})`,
    hint: 'Look at these samples; if they are sound, lower the learning rate or set clipGradNorm',
  });
}
