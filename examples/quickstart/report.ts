import type { Params } from '@fsc-clip/core';
import { createKey } from '@fsc-clip/core';
import { type Device, jit } from '@fsc-clip/engine';
import { type AlignmentMap, type HardCase, type ReportData, similarities, wordWeights } from '@fsc-clip/evaluation';
import { alignmentMap } from '@fsc-clip/losses';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Features } from './encode.js';
import type { Foil, Task } from './task.js';
import type { Metrics } from './train.js';

/** What the pictures and curves of a report show of one method: its first seed. */
export interface Shown {
  readonly label: string;
  readonly params: Params<Tensor>;
  readonly features: Features;
  /** Empty for the weights that fine-tuning starts from. */
  readonly curve: readonly Metrics[];
}

const casesShown = 8;
const mapsShown = 3;

/** The curves of the whole loss, and of its CLIP term where a method has one: that can be compared. */
export function curves(methods: readonly Shown[]): NonNullable<ReportData['curves']> {
  const chart = (title: string, term: string) => ({
    title,
    xLabel: 'step',
    yLabel: 'loss',
    series: methods
      .filter(({ curve }) => curve[0] && term in curve[0])
      .map(({ label, curve }) => ({
        method: label,
        x: curve.map((_, step) => step + 1),
        y: smoothed(curve.map((metrics) => metrics[term]!)),
      })),
  });
  return [chart('Loss', 'loss'), chart('Its CLIP term', 'clip')];
}

/** The mean over the last ten steps: single batches are noisy. */
function smoothed(values: readonly number[]): number[] {
  return values.map((_, step) => {
    const last = values.slice(Math.max(0, step - 9), step + 1);
    return last.reduce((sum, value) => sum + value, 0) / last.length;
  });
}

/** The swapped captions that the methods together find hardest: the smallest sum of margins, no two of one picture. */
export async function hardCases({ test, metrics }: Task, methods: readonly Shown[]): Promise<HardCase[]> {
  const swaps = test.foils.filter(({ metric }) => metric.startsWith('swap'));
  const asked = swaps.map((foil) => ({
    foil,
    scores: methods.map(({ label, features }) => ({ method: label, ...cosines(features, foil) })),
  }));
  const margin = ({ scores }: (typeof asked)[number]) => scores.reduce((sum, { caption, foil }) => sum + caption - foil, 0);
  const hardest = asked.toSorted((a, b) => margin(a) - margin(b));
  const shown = hardest
    .filter(({ foil }, i) => hardest.findIndex((other) => other.foil.picture === foil.picture) === i)
    .slice(0, casesShown);
  return Promise.all(
    shown.map(async ({ foil: { picture, caption, foil, metric }, scores }) => ({
      image: await test.pictures[picture]!(),
      caption,
      foil,
      kind: metrics.find(({ key }) => key === metric)?.label ?? metric,
      scores,
    })),
  );
}

function cosines(features: Features, { picture, caption, foil }: Foil): { caption: number; foil: number } {
  const { data } = similarities(features.images([picture]), features.texts([caption, foil]));
  return { caption: data[0]!, foil: data[1]! };
}

/** Which patches each word looks at, in the first test pictures, for every method. */
export async function alignmentMaps(task: Task, methods: readonly Shown[], device: Device): Promise<AlignmentMap[]> {
  const { model, tokenizer, transform, test } = task;
  const maps: AlignmentMap[][] = test.retrieval.slice(0, mapsShown).map(() => []);
  for (const { label, params } of methods) {
    const align = jit(
      (images: Tensor, texts: Tensor) => {
        const { imageTokens, textTokens, textMask } = model.apply(params, { images, texts }, { denseTokens: true });
        return alignmentMap(imageTokens, textTokens, textMask);
      },
      { device },
    );
    for (const [i, { picture, caption }] of test.retrieval.slice(0, mapsShown).entries()) {
      const image = await test.pictures[picture]!();
      const { data, shape } = transform(image, createKey(0));
      const weights = await align({ data, shape: [1, ...shape] }, tokenizer.encodeBatch([caption]));
      const tokenWeights = { data: (await weights.read()) as Float32Array, shape: weights.shape.slice(1) };
      weights.dispose();
      maps[i]!.push({ image, method: label, words: wordWeights(tokenWeights, tokenizer.encodeWords(caption).words) });
    }
    await align.dispose();
  }
  return maps.flat();
}
