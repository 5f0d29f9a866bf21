import { DataError } from '@fsc-clip/core';
import type { Score } from './score.js';

/** Scores, or named or listed parts that are averaged first. */
export type ScoreTree = Score | readonly ScoreTree[] | ReadonlyMap<unknown, ScoreTree> | { readonly [part: string]: ScoreTree };

/**
 * The mean of means: every level of the tree counts each of its parts once, however many items are behind it. With
 * `scoreByGroup` it is a macro accuracy; nested, it is how VALSE, SPEC, SugarCrepe and VL-CheckList aggregate.
 *
 * The standard error takes the parts as independent: `sqrt(Σ error²) / parts`.
 *
 * @throws DataError when a level has no part
 * @example
 * nestedAverage({ existence, plurals, counting: [hard, small, adversarial] }).value; // counting counts once
 */
export function nestedAverage(tree: ScoreTree): Score {
  if (isScore(tree)) return { value: tree.value, standardError: tree.standardError };
  const parts = (tree instanceof Map ? [...tree.values()] : Object.values(tree)).map(nestedAverage);
  if (parts.length === 0) {
    throw new DataError({ function: 'nestedAverage', argument: 'tree', rule: 'must hold at least one part at every level', got: 'none' });
  }
  return {
    value: parts.reduce((sum, part) => sum + part.value, 0) / parts.length,
    standardError: Math.sqrt(parts.reduce((sum, part) => sum + part.standardError ** 2, 0)) / parts.length,
  };
}

function isScore(tree: ScoreTree): tree is Score {
  return 'value' in tree && typeof tree.value === 'number';
}
