import '@tensorflow/tfjs';
import type { HostArray } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { type ClipConfig, createModel } from '@fsc-clip/models';
import { describeGolden, relativeError, termError } from '@fsc-clip/testdata';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import {
  classificationScore,
  classVectors,
  compositionalAccuracy,
  encodeDataset,
  groupScore,
  meanAveragePrecision,
  nestedAverage,
  retrievalRecall,
  rocAuc,
  scoreByGroup,
  similarities,
  twoPositives,
  zeroShot,
} from './index.js';

interface Case {
  readonly name: string;
  readonly kind: string;
  /** Names of arrays (strings) and sizes (numbers). */
  readonly [argument: string]: unknown;
  readonly expected: Record<string, number | number[] | Record<string, number>>;
}

/** The golden set's floor for a model's outputs in float32. */
const modelFloor = 1e-5;

type Evaluated = Case['expected'];

describeGolden<Case>('evaluation', (area) => {
  const array = (item: Case, argument: string) => area.array(item[argument] as string);
  const floats = (item: Case, argument: string) => array(item, argument) as HostArray<Float32Array>;
  const integers = (item: Case, argument: string) => array(item, argument) as HostArray<Int32Array>;

  /** One rule per kind: from a case's arrays to its metrics, under the case's names. */
  const kinds: Record<string, (item: Case) => Evaluated | Promise<Evaluated>> = {
    retrievalOneCaption: (item) => {
      const imageFeatures = floats(item, 'image');
      const owner = Int32Array.from({ length: imageFeatures.shape[0]! }, (_, i) => i);
      const { imageToText, textToImage } = retrievalRecall({ imageFeatures, textFeatures: floats(item, 'text'), owner }, { blockSize: 7 });
      return Object.fromEntries(
        Object.entries({ image_to_text: imageToText, text_to_image: textToImage }).flatMap(([name, { recall, meanRank, medianRank }]) => [
          [`${name}_mean_rank`, meanRank],
          [`${name}_median_rank`, medianRank],
          ...Object.entries(recall).map(([depth, { value }]) => [`${name}_R@${depth}`, value]),
        ]),
      );
    },
    retrieval: (item) => {
      const result = retrievalRecall({ scores: floats(item, 'scores'), owner: integers(item, 'owner').data });
      return Object.fromEntries(
        (['imageToText', 'textToImage'] as const).flatMap((name) =>
          Object.entries(result[name].recall).map(([depth, { value }]) => [`${name}@${depth}`, value]),
        ),
      );
    },
    winoground: (item) => {
      const { text, image, group } = groupScore(floats(item, 'scores'));
      const perExample = (item['perExample'] as number[][]).flat();
      expect([...text.perItem].flatMap((value, i) => [value, image.perItem[i]!, group.perItem[i]!])).toEqual(perExample);
      return { text: text.value, image: image.value, group: group.value };
    },
    pairwise: (item) => ({ accuracy: compositionalAccuracy(floats(item, 'scores')).value }),
    pairwiseMacro: (item) => {
      const groups = scoreByGroup(compositionalAccuracy(floats(item, 'scores')).perItem, integers(item, 'group').data);
      return {
        macro: nestedAverage(groups).value,
        perGroup: Object.fromEntries([...groups].map(([group, { value }]) => [group, value])),
      };
    },
    oneOfMany: (item) => ({
      accuracy: compositionalAccuracy(floats(item, 'scores')).value,
      firstMaximum: compositionalAccuracy(floats(item, 'scores'), { ties: 'first' }).value,
    }),
    classification: (item) => {
      const { top1, top5, meanPerClass, perClass } = classificationScore(floats(item, 'scores'), integers(item, 'label').data);
      const inOrder = [...perClass].sort(([a], [b]) => a - b).map(([, { value }]) => value);
      return { accuracy: top1.value, top5: top5.value, meanPerClass: meanPerClass.value, perClass: inOrder };
    },
    zeroShot: async (item) => {
      const model = createModel(item['config'] as ClipConfig);
      const params = createParams(
        Object.entries(area.arraysUnder(item['state'] as string)).map(([name, { data, shape }]) => [name, tensor(data, [...shape])]),
      );
      const encode = (argument: string, encoder: (batch: Tensor) => Tensor) =>
        encodeDataset({ items: rows(array(item, argument)), batchSize: 5, encode: ({ data, shape }) => encoder(tensor(data, [...shape])) });
      const prompts = await encode('texts', (batch) => model.encodeText(params, batch));
      const images = await encode('images', (batch) => model.encodeImage(params, batch));
      const [C, M, D] = [item['classes'] as number, item['templates'] as number, prompts.shape[1]!];
      const classes = classVectors({ data: prompts.data, shape: [C, M, D] });
      const byColumn = Float32Array.from(classes.data, (_, at) => classes.data[(at % C) * D + Math.floor(at / C)]!);
      expect(relativeError(byColumn, array(item, 'weights').data)).toBeLessThanOrEqual(modelFloor);
      const logits = similarities(images, classes).data.map((cosine) => 100 * cosine);
      expect(relativeError(logits, array(item, 'logits').data)).toBeLessThanOrEqual(modelFloor);
      const { top1, top5 } = zeroShot(images, classes, integers(item, 'target').data);
      return { top1: top1.value, top5: top5.value };
    },
    meanAveragePrecision11: (item) => {
      const { value, perClass } = meanAveragePrecision(floats(item, 'scores'), integers(item, 'label'));
      return { map: value, perClass: [...perClass] };
    },
    rocAuc: (item) => ({ area: rocAuc(floats(item, 'scores').data, integers(item, 'label').data) }),
    twoPositives: (item) => {
      const { imageToText, textOnly } = twoPositives(floats(item, 'image'), floats(item, 'text'));
      return { imageToText: imageToText.value, textOnly: textOnly.value };
    },
  };

  test.each(area.cases.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const evaluate = kinds[item.kind];
    if (!evaluate) throw new Error(`unknown kind ${item.kind}`);
    const actual = await evaluate(item);
    const [expected, got] = [flatten(item.expected), flatten(actual)];
    expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
    for (const [metric, value] of Object.entries(expected)) expect(termError(got[metric]!, value), metric).toBeLessThanOrEqual(1e-12);
  });
});

/** `{ a: { b: 1 } }` to `{ 'a.b': 1 }`. */
function flatten(metrics: Evaluated): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name, value]] : Object.entries(value).map(([part, number]) => [`${name}.${part}`, number]),
    ),
  );
}

/** The parts of an array along its first axis. */
function rows({ data, shape: [count = 0, ...shape] }: HostArray): HostArray[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, row) => ({ data: data.subarray(row * size, (row + 1) * size), shape }));
}
