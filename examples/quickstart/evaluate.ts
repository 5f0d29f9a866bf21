import type { HostArray } from '@fsc-clip/core';
import { compositionalAccuracy, groupScore, retrievalRecall, scoreByGroup, similarities, zeroShot } from '@fsc-clip/evaluation';
import type { Features } from './encode.js';
import type { TestSet } from './task.js';

/** By metric: 1 or 0 for every question, in the order of the test set. Scores and their differences are made of it. */
export type Answers = Readonly<Record<string, Float32Array>>;

/** Answers all questions of a test set. */
export function evaluate(test: TestSet, features: Features): Answers {
  const { counterPairs, foils, retrieval, zeroShot } = test;
  return {
    ...(counterPairs.length > 0 && answerCounterPairs(counterPairs, features)),
    ...(foils.length > 0 && answerFoils(foils, features)),
    ...(retrieval.length > 0 && answerRetrieval(retrieval, features)),
    ...(zeroShot.items.length > 0 && answerZeroShot(zeroShot, features)),
  };
}

function answerCounterPairs(pairs: TestSet['counterPairs'], features: Features): Answers {
  const images = features.images(pairs.flatMap(({ pictures }) => pictures));
  const texts = features.texts(pairs.flatMap(({ captions }) => captions));
  const { group } = groupScore(similarities(inItems(images, pairs.length), inItems(texts, pairs.length)));
  return byMetric(group.perItem, pairs);
}

function answerFoils(foils: TestSet['foils'], features: Features): Answers {
  const images = features.images(foils.map(({ picture }) => picture));
  const texts = features.texts(foils.flatMap(({ caption, foil }) => [caption, foil]));
  const { data } = similarities(inItems(images, foils.length), inItems(texts, foils.length));
  return byMetric(compositionalAccuracy({ data, shape: [foils.length, 2] }).perItem, foils);
}

function answerRetrieval(pairs: TestSet['retrieval'], features: Features): Answers {
  const { imageToText, textToImage } = retrievalRecall({
    imageFeatures: features.images(pairs.map(({ picture }) => picture)),
    textFeatures: features.texts(pairs.map(({ caption }) => caption)),
    owner: pairs.map((_, place) => place),
  });
  return { imageToText1: imageToText.recall[1]!.perItem, textToImage1: textToImage.recall[1]!.perItem };
}

function answerZeroShot({ names, items }: TestSet['zeroShot'], features: Features): Answers {
  const labels = items.map(({ name }) => names.indexOf(name));
  const images = features.images(items.map(({ picture }) => picture));
  return { zeroShot: zeroShot(images, features.texts(names), labels).top1.perItem };
}

/** Rows [items · n, D] as [items, n, D]. */
function inItems({ data, shape }: HostArray<Float32Array>, items: number): HostArray<Float32Array> {
  return { data, shape: [items, shape[0]! / items, shape[1]!] };
}

function byMetric(perItem: Float32Array, questions: readonly { readonly metric: string }[]): Answers {
  const groups = scoreByGroup(
    perItem,
    questions.map(({ metric }) => metric),
  );
  return Object.fromEntries([...groups].map(([metric, score]) => [metric, score.perItem]));
}
