import { DataError, type HostArray, OptionError } from '@fsc-clip/core';
import { boundedCache } from './bounded-cache.js';
import { bytePairs } from './byte-pairs.js';
import { cleanText } from './clean-text.js';
import { isPlain } from './fix-text.js';
import { placeWords, type Span, tokenSpans, wordSpan } from './place-words.js';
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

/** A word and the positions of its tokens in the row of ids: `begin` up to and without `end`. */
export interface WordTokens {
  /** As cleaned: in small letters. */
  readonly word: string;
  readonly begin: number;
  readonly end: number;
  /** Where it stands: of the text, `text.slice(...span)`. */
  readonly span: Span;
}

/** What `encodeWords` gives. */
export interface EncodedWords {
  /** As `encode` gives them. */
  readonly ids: number[];
  /** The words behind the ids: of letters, single digits, contractions, punctuation. What the cut leaves out is left out here, too. */
  readonly words: readonly WordTokens[];
  /**
   * Of each id the part of the text that it stands for; of start-of-text and end-of-text an empty part at the text's ends. Where cleaning changed
   * the text, it is the part that was changed: all of `&eacute;`, both halves of a misread character, each letter of a ligature the
   * ligature. A token that holds only part of a character stands for all of it.
   */
  readonly spans: readonly Span[];
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
  /** The ids of a text, the words behind them, and where both stand in the text as it was given. */
  encodeWords(text: string): EncodedWords;
  /**
   * The text of ids, as open_clip decodes them: small letters, a blank after each word. A leading start-of-text is left out, and so is
   * everything from the last end-of-text on.
   * @throws DataError for an id outside the vocabulary
   */
  decode(ids: ArrayLike<number>): string;
  /** The text of ids as `decode` gives it, and its words: with the positions of their tokens in `ids`, and where they stand in that text. */
  decodeWords(ids: ArrayLike<number>): { readonly text: string; readonly words: readonly WordTokens[] };
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
    const found = tokens.spelling(id);
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
          wordIds.map((id) => spelling(id).length),
        ).slice(0, full - begin),
      );
      words.push({ word: placed.word, begin, end: ids.length, span: wordSpan(placed) });
    }
    ids.push(endOfText);
    spans.push([text.length, text.length]);
    return { ids, words, spans };
  };

  /** The positions whose tokens are decoded: without start-of-text and without everything from the last end-of-text on. */
  const contentOf = (ids: readonly number[]): Span => {
    const last = ids.lastIndexOf(endOfText);
    return [ids[0] === startOfText ? 1 : 0, last < 0 ? ids.length : last];
  };
  const textOf = (ids: readonly number[]) => utf8.decode(Buffer.from(ids.map(spelling).join(''), 'latin1'));
  const decodeWords = (ids: ArrayLike<number>) => {
    const row = Array.from(ids);
    const [first, last] = contentOf(row);
    const words: WordTokens[] = [];
    let text = '';
    for (let begin = first, end = first + 1; end <= last; end++) {
      const id = row[end - 1]!;
      const special = (position: number) => row[position] === startOfText || row[position] === endOfText;
      if (end < last && !spelling(id).endsWith(' ') && !special(end - 1) && !special(end)) continue;
      const decoded = textOf(row.slice(begin, end));
      const word = decoded.replace(/ $/, '');
      words.push({ word, begin, end, span: [text.length, text.length + word.length] });
      text += decoded;
      begin = end;
    }
    return { text, words };
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
      return textOf(row.slice(...contentOf(row)));
    },
    decodeWords,
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true }); // bytes that are no UTF-8, such as half a character, become U+FFFD
