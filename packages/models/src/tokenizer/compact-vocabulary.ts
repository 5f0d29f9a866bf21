import { DataError, type HostArray } from '@fsc-clip/core';
import type { Tokenizer } from './tokenizer.js';

/** A tokenizer over some of another one's tokens, numbered without gaps. */
export interface CompactTokenizer extends Tokenizer {
  /**
   * The original ids in rising order: dense id `i + 1` stands for `ids[i]`. Row `i + 1` of the small token embedding is row `ids[i]` of
   * the large one; row 0 is padding.
   */
  readonly ids: readonly number[];
}

/**
 * Keeps only the tokens that occur, so that a small model needs embedding rows for these alone: V tokens get the dense ids 1…V, 0 is
 * padding. Order is kept, so end-of-text stays the largest id (open_clip pools there) and start-of-text the second largest.
 *
 * One difference from the original ids: `!` inside a word has CLIP id 0, which open_clip's text mask takes for padding; its dense id
 * is positive and counts as a token.
 *
 * @param tokenizer - the tokenizer to take tokens from
 * @param tokensOrTexts - the texts whose tokens to keep, or the ids themselves, e.g. the saved `ids` of an earlier call
 * @returns a tokenizer of the same T; encoding a text with any other token throws a DataError that names the word
 * @throws DataError for an id that `tokenizer` does not have
 * @example
 * const small = compactVocabulary(createTokenizer(), ['a cat', 'a dog']);
 * small.vocabularySize; // 6: padding, a, cat, dog, start-of-text, end-of-text
 * const same = compactVocabulary(createTokenizer(), small.ids);
 */
export function compactVocabulary(tokenizer: Tokenizer, tokensOrTexts: readonly (string | number)[]): CompactTokenizer {
  const { contextLength, startOfText, endOfText } = tokenizer;
  const kept = new Set([startOfText, endOfText]);
  for (const item of tokensOrTexts) {
    for (const id of typeof item === 'number' ? [item] : tokenizer.encode(item)) kept.add(id);
  }
  const ids = [...kept].sort((a, b) => a - b);
  const strange = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize));
  if (strange !== undefined) {
    throw new DataError({
      function: 'compactVocabulary',
      argument: 'tokensOrTexts',
      rule: `must hold texts or ids in [0, ${tokenizer.vocabularySize})`,
      got: String(strange),
    });
  }
  const denseIds = new Map(ids.map((id, i) => [id, i + 1]));

  const dense = (text: string, original: readonly number[]): number[] => {
    const found = original.map((id) => denseIds.get(id));
    const missing = found.indexOf(undefined);
    if (missing < 0) return found as number[];
    const { word } = tokenizer.encodeWords(text).words.find(({ begin, end }) => begin <= missing && missing < end)!;
    throw new DataError({
      function: 'encode',
      argument: 'text',
      rule: `must be of tokens in the compact vocabulary of ${ids.length}`,
      got: `the word ${JSON.stringify(word)} in ${JSON.stringify(text)}`,
      hint: 'Make the vocabulary from all texts that will be encoded',
    });
  };
  const encode = (text: string) => dense(text, tokenizer.encode(text));
  /** Padding at the end is left out. */
  const originals = (row: ArrayLike<number>): number[] => {
    const content = Array.from(row);
    content.length = content.findLastIndex((id) => id !== 0) + 1;
    return content.map((id) => {
      const original = ids[id - 1];
      if (original !== undefined) return original;
      throw new DataError({ function: 'decode', argument: 'ids', rule: `must be integers in [1, ${ids.length}]`, got: String(id) });
    });
  };

  return {
    ids,
    contextLength,
    vocabularySize: ids.length + 1,
    startOfText: ids.length - 1,
    endOfText: ids.length,
    encode,
    encodeWords: (text) => {
      const encoded = tokenizer.encodeWords(text);
      return { ...encoded, ids: dense(text, encoded.ids) };
    },
    encodeBatch: (texts) => batchOf(texts.map(encode), contextLength),
    decode: (row) => tokenizer.decode(originals(row)),
    decodeWords: (row) => tokenizer.decodeWords(originals(row)),
  };
}

/** Rows of ids as one array, i32 [N, T], padded with zeros. */
function batchOf(rows: readonly (readonly number[])[], contextLength: number): HostArray<Int32Array> {
  const data = new Int32Array(rows.length * contextLength);
  rows.forEach((ids, row) => {
    data.set(ids, row * contextLength);
  });
  return { data, shape: [rows.length, contextLength] };
}
