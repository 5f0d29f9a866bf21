import { DataError } from '@fsc-clip/core';
import type { Span } from './place-words.js';
import type { Tokenizer, WordTokens } from './tokenizer.js';
import type { Vocabulary } from './vocabulary.js';

/** From ids back to text. */
export function createDecoder(vocabulary: Vocabulary): Pick<Tokenizer, 'decode' | 'decodeWords'> {
  const { startOfText, endOfText, size } = vocabulary;
  const spelling = (id: number): string => {
    const found = vocabulary.spelling(id);
    if (found !== undefined) return found;
    throw new DataError({ function: 'decode', argument: 'ids', rule: `must be integers in [0, ${size})`, got: String(id) });
  };
  /** The positions that are decoded: without start-of-text and without everything from the last end-of-text on. */
  const contentOf = (ids: readonly number[]): Span => {
    const last = ids.lastIndexOf(endOfText);
    return [ids[0] === startOfText ? 1 : 0, last < 0 ? ids.length : last];
  };
  const textOf = (ids: readonly number[]) => utf8.decode(Buffer.from(ids.map(spelling).join(''), 'latin1'));
  const isSpecial = (id: number | undefined) => id === startOfText || id === endOfText;
  const endsWord = (id: number, next: number | undefined) => spelling(id).endsWith(' ') || isSpecial(id) || isSpecial(next);
  return {
    decode: (ids) => {
      const row = Array.from(ids);
      return textOf(row.slice(...contentOf(row)));
    },
    decodeWords: (ids) => {
      const row = Array.from(ids);
      const words: WordTokens[] = [];
      let text = '';
      let [begin, last] = contentOf(row);
      for (let end = begin + 1; end <= last; end++) {
        if (end < last && !endsWord(row[end - 1]!, row[end])) continue;
        const decoded = textOf(row.slice(begin, end));
        const word = decoded.replace(/ $/, '');
        words.push({ word, begin, end, span: [text.length, text.length + word.length] });
        text += decoded;
        begin = end;
      }
      return { text, words };
    },
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true }); // bytes that are no UTF-8, such as half a character, become U+FFFD
