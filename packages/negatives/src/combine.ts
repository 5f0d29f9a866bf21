import type { Key } from '@fsc-clip/core';
import { OptionError } from '@fsc-clip/core';
import type { NegativeGenerator } from './generator.js';

/**
 * One generator of several: their slots one after the other, all from the same key. Each generator folds its own name into the key, so its
 * negatives are those that it gives alone.
 * @example
 * const negatives = combineGenerators(swapNegatives(), ngramShuffle(3)); // types: ['swap', 'shuffle3']
 * @throws OptionError when there is no generator, or two slots have one name (they would hold equal negatives)
 */
export function combineGenerators(...generators: readonly NegativeGenerator[]): NegativeGenerator {
  const types = generators.flatMap((generator) => generator.types);
  if (types.length === 0 || new Set(types).size < types.length) {
    throw new OptionError({
      function: 'combineGenerators',
      argument: 'generators',
      rule: 'must have one slot or more, of different names',
      got: types.length === 0 ? 'none' : types.join(', '),
    });
  }
  return {
    types,
    generate: (caption: string, key: Key) => generators.flatMap((generator) => generator.generate(caption, key)),
  };
}
