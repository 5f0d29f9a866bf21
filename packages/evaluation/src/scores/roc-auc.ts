import { DataError } from '@fsc-clip/core';

/**
 * Area under the ROC curve: the chance that a random positive item scores higher than a random negative one, where a tie counts one half.
 * Computed from ranks (Mann–Whitney), equal to scikit-learn's `roc_auc_score`. NaN when a score is NaN.
 *
 * @param scores - one number per item; for two classes, `classProbabilities` column 1
 * @param labels - 1 for positive items, 0 for negative ones
 * @throws DataError when the lengths differ, a label is neither 0 nor 1, or a class has no item
 * @example
 * rocAuc([0.9, 0.4, 0.4, 0.1], [1, 1, 0, 0]); // 0.875
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const rule = `must hold 0 or 1 for each of the ${scores.length} scores, and both at least once`;
  const refuse = (got: string) => new DataError({ function: 'rocAuc', argument: 'labels', rule, got });
  if (labels.length !== scores.length) throw refuse(`${labels.length} labels`);
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 0 && labels[i] !== 1) throw refuse(`${labels[i]} for item ${i}`);
    positives += labels[i]!;
  }
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) throw refuse(`${positives} positive and ${negatives} negative items`);
  const sorted = Array.from(scores, (score, i) => ({ score, positive: labels[i] === 1 })).sort((a, b) => a.score - b.score);
  if (sorted.some(({ score }) => Number.isNaN(score))) return Number.NaN;
  let wins = 0;
  let below = 0;
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    let tiedPositives = 0;
    while (end < sorted.length && sorted[end]!.score === sorted[start]!.score) tiedPositives += sorted[end++]!.positive ? 1 : 0;
    const tiedNegatives = end - start - tiedPositives;
    wins += tiedPositives * (below + tiedNegatives / 2);
    below += tiedNegatives;
  }
  return wins / (positives * negatives);
}
