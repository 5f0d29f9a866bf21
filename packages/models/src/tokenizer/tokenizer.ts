import type { HostArray } from '@fsc-clip/core';
import type { Span } from './place-words.js';

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
