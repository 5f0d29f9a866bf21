import { DataError } from '@fsc-clip/core';
import { type ItemScore, meanScore } from './scores/score.js';

/** A caption and its foil: what a model has to tell apart. */
export interface CaptionPair {
  readonly caption: string;
  readonly foil: string;
}

/**
 * The accuracy that a model reaches without looking at the image: it prefers the text that is more probable under the training
 * captions. What stands above 0.5 here is a bias of the foils (odd words, odd order), not understanding of pictures; report it beside
 * every compositional accuracy. Where each caption is the other's foil it is exactly 0.5.
 *
 * The model is a bigram model with add-one smoothing, `P(w | v) = (count(v w) + 1) / (count(v) + V)`, over lower-case words, with the start and end of
 * the caption as words; words that the training captions lack share one unknown word. It multiplies over the whole text, so it also
 * favours the shorter one. A better language model may find more bias: this is a lower bound on what a blind model can do.
 *
 * @param pairs - the items
 * @param trainingCaptions - what the evaluated models were tuned on, positives only
 * @returns accuracy over items; an exact tie is a coin flip and counts 0.5
 * @throws DataError when there is no pair or no training caption
 * Source: the check is that of Hsieh et al., "SugarCrepe" (NeurIPS 2023), section 3, with a language model that needs no download.
 * @example
 * textOnlyBaseline([{ caption: 'a cat on a mat', foil: 'a mat on a cat' }], ['a dog on a mat']).value; // 1
 */
export function textOnlyBaseline(pairs: readonly CaptionPair[], trainingCaptions: Iterable<string>): ItemScore {
  if (pairs.length === 0) {
    throw new DataError({ function: 'textOnlyBaseline', argument: 'pairs', rule: 'must hold at least one pair', got: 'none' });
  }
  const logProbability = bigramModel(trainingCaptions);
  const perItem = Float32Array.from(pairs, ({ caption, foil }) => (1 + Math.sign(logProbability(caption) - logProbability(foil))) / 2);
  return { ...meanScore(perItem), perItem };
}

const [start, end, unknown] = ['<start>', '<end>', '<unknown>']; // no word has angle brackets

function bigramModel(captions: Iterable<string>): (text: string) => number {
  const follows = new Map<string, Map<string, number>>();
  const totals = new Map<string, number>();
  const vocabulary = new Set([end, unknown]);
  for (const caption of captions) {
    const words = [...wordsOf(caption), end];
    words.forEach((word, i) => {
      const before = words[i - 1] ?? start;
      const counts = follows.get(before) ?? new Map<string, number>();
      follows.set(before, counts.set(word, (counts.get(word) ?? 0) + 1));
      totals.set(before, (totals.get(before) ?? 0) + 1);
      vocabulary.add(word);
    });
  }
  if (totals.size === 0) {
    throw new DataError({
      function: 'textOnlyBaseline',
      argument: 'trainingCaptions',
      rule: 'must hold at least one caption',
      got: 'none',
    });
  }
  return (text) => {
    const words = [...wordsOf(text).map((word) => (vocabulary.has(word) ? word : unknown)), end];
    const logs = words.map((word, i) => {
      const before = words[i - 1] ?? start;
      return Math.log(((follows.get(before)?.get(word) ?? 0) + 1) / ((totals.get(before) ?? 0) + vocabulary.size));
    });
    // Sorted, so that a text and its reordering with the same factors tie exactly.
    return logs.sort((a, b) => a - b).reduce((sum, log) => sum + log, 0);
  };
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu) ?? [];
}
