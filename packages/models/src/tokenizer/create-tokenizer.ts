import { DataError, type HostArray, OptionError } from '@fsc-clip/core';
import { boundedCache } from './bounded-cache.js';
import { bytePairs } from './byte-pairs.js';
import { cleanText } from './clean-text.js';
import { isPlain } from './fix-text.js';
import { asciiWordBegin, asciiWordEnd, splitWords } from './split-words.js';
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

/** A word of a text and the positions of its tokens in the row of ids: `begin` up to and without `end`. */
export interface WordTokens {
  readonly word: string;
  readonly begin: number;
  readonly end: number;
}

/** Texts to token ids and back. Its functions need no `this`. */
export interface Tokenizer {
  /** T. */
  readonly contextLength: number;
  /** Rows of the token embedding. */
  readonly vocabularySize: number;
  readonly startOfText: number;
  /** The largest id: open_clip pools a text at the position of its largest id. */
  readonly endOfText: number;
  /**
   * The ids of a text from start-of-text to end-of-text, without padding; a longer text is cut to T, its last id end-of-text.
   * @throws DataError when `text` is no string
   */
  encode(text: string): number[];
  /** The ids of N texts, i32 [N, T], padded with zeros: open_clip's `tokenize`. */
  encodeBatch(texts: readonly string[]): HostArray<Int32Array>;
  /**
   * The ids of a text as `encode` gives them, and the words behind them: words of letters, single digits, contractions, punctuation.
   * Words that the cut leaves out are left out here, too.
   */
  encodeWords(text: string): { ids: number[]; words: WordTokens[] };
  /**
   * The text of ids, as open_clip decodes them: small letters, a blank after each word. A leading start-of-text is left out, and so is
   * everything from the last end-of-text on.
   * @throws DataError for an id outside the vocabulary
   */
  decode(ids: ArrayLike<number>): string;
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

  const spelling = (id: number): string => {
    const found = tokens.spellings[id];
    if (found === undefined) {
      throw new DataError({ function: 'decode', argument: 'ids', rule: `must be integers in [0, ${size})`, got: String(id) });
    }
    return found;
  };

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

  const encodeWords = (text: string) => {
    checkText(text);
    const ids = [startOfText];
    const words: WordTokens[] = [];
    for (const word of splitWords(cleanText(text))) {
      const begin = ids.length;
      if (begin >= contextLength - 1) break;
      for (const id of encodeWord(word)) ids.push(id);
      words.push({ word, begin, end: Math.min(ids.length, contextLength - 1) });
    }
    ids.length = Math.min(ids.length, contextLength - 1);
    ids.push(endOfText);
    return { ids, words };
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
    decode: (ids) => {
      const row = Array.from(ids);
      const last = row.lastIndexOf(endOfText);
      const content = row.slice(row[0] === startOfText ? 1 : 0, last < 0 ? undefined : last);
      return utf8.decode(Buffer.from(content.map(spelling).join(''), 'latin1'));
    },
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true }); // bytes that are no UTF-8, such as half a character, become U+FFFD

/** Rows of ids as one array, i32 [N, T], padded with zeros. */
export function batchOf(rows: readonly (readonly number[])[], contextLength: number): HostArray<Int32Array> {
  const data = new Int32Array(rows.length * contextLength);
  rows.forEach((ids, row) => {
    data.set(ids, row * contextLength);
  });
  return { data, shape: [rows.length, contextLength] };
}
