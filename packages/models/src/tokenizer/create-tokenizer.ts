import { DataError, OptionError } from '@fsc-clip/core';
import { boundedCache } from './bounded-cache.js';
import { bytePairs } from './byte-pairs.js';
import { cleanText } from './clean-text.js';
import { createDecoder } from './create-decoder.js';
import { isPlain } from './fix-text.js';
import { placeWords, type Span, tokenSpans, wordSpan } from './place-words.js';
import { asciiWordBegin, asciiWordEnd, splitWords } from './split-words.js';
import type { EncodedWords, Tokenizer, WordTokens } from './tokenizer.js';
import { buildVocabulary, clipVocabulary } from './vocabulary.js';

/** Options of `createTokenizer`. */
export interface TokenizerOptions {
  /**
   * T, the positions of a text: start-of-text, tokens, end-of-text.
   * @defaultValue 77
   */
  readonly contextLength?: number;
  /**
   * Another byte-pair vocabulary: one merge `left right` per line, most frequent first, in GPT-2's byte alphabet with `</w>` where a
   * word ends. It gives 512 + merges + 2 tokens.
   * @defaultValue CLIP's 48,894 merges
   */
  readonly vocabulary?: readonly string[];
}

const cachedWords = 2 ** 15;
const longestCachedWord = 64;

/**
 * CLIP's tokenizer: lower-cased byte-pair encoding, the same ids as open_clip's `SimpleTokenizer` (`clean='lower'`), text cleaning by
 * `cleanText` included. Remembers the words it meets, within bounds.
 *
 * @throws OptionError when `contextLength` has no room for start-of-text and end-of-text
 * @throws DataError when `vocabulary` holds a line that is no merge of earlier tokens
 * @example
 * const { encode, decode } = createTokenizer();
 * encode('a photo of a cat'); // [49406, 320, 1125, 539, 320, 2368, 49407]
 * decode(encode('a photo of a cat')); // 'a photo of a cat '
 */
export function createTokenizer({ contextLength = 77, vocabulary }: TokenizerOptions = {}): Tokenizer {
  if (!Number.isInteger(contextLength) || contextLength < 2) {
    throw new OptionError({
      function: 'createTokenizer',
      argument: 'contextLength',
      rule: 'must be an integer of at least 2',
      got: String(contextLength),
    });
  }
  const tokens = vocabulary === undefined ? clipVocabulary() : buildVocabulary(vocabulary);
  const { startOfText, endOfText, size } = tokens;
  const compute = (word: string): readonly number[] => {
    if (word === '<start_of_text>') return [startOfText];
    return word === '<end_of_text>' ? [endOfText] : bytePairs(word, tokens);
  };
  const remembered = boundedCache(cachedWords, compute);
  const encodeWord = (word: string) => (word.length > longestCachedWord ? compute(word) : remembered(word));

  const checkText = (text: string) => {
    if (typeof text === 'string') return;
    throw new DataError({ function: 'encode', argument: 'text', rule: 'must be a string', got: String(text) });
  };
  const full = contextLength - 1; // ids that leave room for end-of-text
  /** Writes a word's ids into `row` from `at` on, as many as there is room for; returns where they end. */
  const writeWord = (word: string, row: Int32Array, at: number): number => {
    const ids = encodeWord(word);
    const end = Math.min(at + ids.length, full);
    for (let to = at; to < end; to++) row[to] = ids[to - at]!;
    return end;
  };
  /** Writes the ids of a text into `row`, at most T of them; returns how many. */
  const write = (text: string, row: Int32Array): number => {
    checkText(text);
    row[0] = startOfText;
    let length = 1;
    if (isPlain(text)) {
      const small = text.toLowerCase();
      for (let begin = asciiWordBegin(small, 0); begin < small.length && length < full; ) {
        const end = asciiWordEnd(small, begin);
        length = writeWord(small.slice(begin, end), row, length);
        begin = asciiWordBegin(small, end);
      }
    } else {
      for (const word of splitWords(cleanText(text))) {
        if (length >= full) break;
        length = writeWord(word, row, length);
      }
    }
    row[length] = endOfText;
    return length + 1;
  };
  const scratch = new Int32Array(contextLength);
  const encode = (text: string) => Array.from(scratch.subarray(0, write(text, scratch)));

  const encodeWords = (text: string): EncodedWords => {
    checkText(text);
    const ids = [startOfText];
    const words: WordTokens[] = [];
    const spans: Span[] = [[0, 0]];
    for (const placed of placeWords(text)) {
      const begin = ids.length;
      if (begin >= full) break;
      const wordIds = encodeWord(placed.word);
      ids.push(...wordIds.slice(0, full - begin));
      spans.push(
        ...tokenSpans(
          placed,
          wordIds.map((id) => tokens.spelling(id)!.length),
        ).slice(0, full - begin),
      );
      words.push({ word: placed.word, begin, end: ids.length, span: wordSpan(placed) });
    }
    ids.push(endOfText);
    spans.push([text.length, text.length]);
    return { ids, words, spans };
  };

  return {
    contextLength,
    vocabularySize: size,
    startOfText,
    endOfText,
    encode,
    encodeWords,
    encodeBatch: (texts) => {
      const data = new Int32Array(texts.length * contextLength);
      texts.forEach((text, i) => {
        write(text, data.subarray(i * contextLength, (i + 1) * contextLength));
      });
      return { data, shape: [texts.length, contextLength] };
    },
    ...createDecoder(tokens),
  };
}
