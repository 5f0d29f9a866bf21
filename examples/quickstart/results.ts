import { type Metric, meanScore, pairedDifference, type Score, type ScoreTable, textOnlyBaseline } from '@fsc-clip/evaluation';
import type { Answers } from './evaluate.js';
import type { Task } from './task.js';

/** A row of the comparison: what one method reached, once for every seed. */
export interface Result {
  /** Its name in the last line of output. */
  readonly name: string;
  readonly label: string;
  readonly answers: readonly Answers[];
}

/** What a table needs to know of a task. */
export type Measured = Pick<Task, 'test' | 'metrics' | 'trainingCaptions'>;

/** The method that the others are compared with. */
const comparedWith = 'clip';

/** The table: scores with standard errors over questions, and the differences from plain CLIP fine-tuning over the same questions. */
export function scoreTable(task: Measured, results: readonly Result[]): ScoreTable {
  const clip = results.find(({ name }) => name === comparedWith);
  return {
    metrics: task.metrics.map((metric) => ({ ...metric, ...textOnly(task, metric) })),
    rows: results.map((result) => ({
      method: result.label,
      scores: Object.fromEntries(
        task.metrics.flatMap(({ key }) => {
          const own = overSeeds(result, key);
          if (own === undefined) return [];
          const compared = clip && result !== clip ? overSeeds(clip, key) : undefined;
          return [[key, { ...meanScore(own), ...(compared && { difference: pairedDifference(own, compared) }) }]];
        }),
      ),
    })),
    ...(clip && { comparedWith: clip.label }),
  };
}

/** How much better one method is than another in each seed: the mean and its standard error over seeds, NaN for one seed. */
export function differenceOverSeeds(result: Result, compared: Result, metric: string): Score {
  const score = (answers: Answers) => meanScore(answers[metric]!).value;
  return meanScore(result.answers.map((answers, seed) => score(answers) - score(compared.answers[seed]!)));
}

/** The last line of output: fractions by method. What a task does not measure is null. */
export function scoreSummary(results: readonly Result[]): Record<string, Record<string, number | null>> {
  const mean = (result: Result, ...metrics: string[]): number | null => {
    const values = metrics.flatMap((metric) => [...(overSeeds(result, metric) ?? [])]);
    return values.length === 0 ? null : meanScore(values).value;
  };
  return Object.fromEntries(
    results.map((result) => [
      result.name,
      {
        groupScore: mean(result, 'groupHeldOut'),
        swap: mean(result, 'swapThings', 'swapColours', 'swap'),
        imageToText1: mean(result, 'imageToText1'),
        textToImage1: mean(result, 'textToImage1'),
        zeroShot: mean(result, 'zeroShot'),
      },
    ]),
  );
}

/** For every question the share of seeds that answered it. */
function overSeeds({ answers }: Result, metric: string): Float64Array | undefined {
  const first = answers[0]?.[metric];
  return first && Float64Array.from(first, (_, question) => meanScore(answers.map((seed) => seed[metric]![question]!)).value);
}

/** What a bigram model of the training captions reaches without a picture, where a metric is made of foils. */
function textOnly({ test, trainingCaptions }: Measured, { key }: Metric): { textOnly?: Score } {
  const pairs = test.foils.filter(({ metric }) => metric === key);
  return pairs.length > 0 ? { textOnly: textOnlyBaseline(pairs, trainingCaptions) } : {};
}
