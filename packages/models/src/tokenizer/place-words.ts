import { cleanDraft } from './clean-text.js';
import { tracedDraft, transcribed } from './draft.js';
import { isPlain } from './fix-text.js';
import { splitWords } from './split-words.js';

/** A part of a text in UTF-16 units: `text.slice(...span)`. */
export type Span = readonly [from: number, to: number];

/** A word of a cleaned text, and for each of its UTF-16 units where it came from: as in `Draft`. */
export interface PlacedWord {
  readonly word: string;
  readonly origins: readonly number[];
}

/** The words of `splitWords(cleanText(text))`, each with its place in the text as it was given. */
export function placeWords(text: string): PlacedWord[] {
  const traced = tracedDraft(text);
  const cleaned = isPlain(text) ? transcribed(traced, text.toLowerCase()) : cleanDraft(traced);
  let at = 0;
  return splitWords(cleaned.text).map((word) => {
    const begin = cleaned.text.indexOf(word, at); // only what begins no word lies between
    at = begin + word.length;
    return { word, origins: cleaned.origins!.slice(2 * begin, 2 * at) };
  });
}

/** Where a word stood in the text. */
export function wordSpan({ origins }: PlacedWord): Span {
  return [origins[0]!, origins.at(-1)!];
}

/**
 * Where each token of a word stood in the text. A token that holds only part of a character gets all of it.
 *
 * @param byteLengths - of the tokens, in UTF-8; the last may be anything, it takes what is left
 */
export function tokenSpans({ word, origins }: PlacedWord, byteLengths: readonly number[]): Span[] {
  const characters: Span[] = []; // of each byte the character's units
  let unit = 0;
  for (const character of word) {
    const span = [unit, unit + character.length] as const;
    for (let byte = Buffer.byteLength(character); byte > 0; byte--) characters.push(span);
    unit += character.length;
  }
  let at = 0;
  return byteLengths.map((length, i) => {
    const first = characters[at]!;
    at = i === byteLengths.length - 1 ? characters.length : at + length;
    return [origins[2 * first[0]]!, origins[2 * characters[at - 1]![1] - 1]!];
  });
}
