import { brotliDecompressSync } from 'node:zlib';
import { DataError } from '@fsc-clip/core';
import { compressedMerges } from './vocabulary-data.js';

/** What byte-pair encoding needs to know: ids 0–255 are bytes inside a word, 256–511 bytes that end one, then the merges, start, end. */
export interface Vocabulary {
  readonly size: number;
  readonly startOfText: number;
  readonly endOfText: number;
  /** Id of each byte inside a word; 256 more where it ends the word. */
  readonly byteIds: Uint16Array;
  /** The bytes of a token as Latin-1 characters, with a blank where a word ends; undefined when there is no such token. */
  readonly spelling: (id: number) => string | undefined;
  /** The token made of two neighbours; undefined when they do not merge. A smaller id merges first. */
  readonly merge: (left: number, right: number) => number | undefined;
}

/** The bytes in the order of GPT-2's table: those that print come first. */
const bytesInOrder = (() => {
  const printable = [range(33, 126), range(161, 172), range(174, 255)].flat();
  return [...printable, ...range(0, 255).filter((byte) => !printable.includes(byte))];
})();

/** GPT-2's printable character for each byte of `bytesInOrder`: itself, or the next free one from U+0100 on. */
const charactersInOrder = bytesInOrder.map((byte, i) => String.fromCharCode(i < 188 ? byte : 256 + i - 188));

/**
 * Numbers the tokens of a list of merges.
 *
 * @param merges - one `left right` a line, most frequent first, in GPT-2's alphabet with `</w>` at the end of a word
 * @throws DataError when a merge is made of unknown tokens or gives a token twice
 */
export function buildVocabulary(merges: readonly string[]): Vocabulary {
  const { lefts, rights } = numberMerges(merges);
  const size = 512 + merges.length + 2;
  const spelling = (id: number): string | undefined => {
    if (id === size - 2) return '<start_of_text>';
    if (id === size - 1) return '<end_of_text>';
    const byte = bytesInOrder[id % 256];
    if (!Number.isInteger(id) || id < 0 || id >= size || byte === undefined) return undefined;
    if (id < 512) return String.fromCharCode(byte) + (id < 256 ? '' : ' ');
    return `${spelling(lefts[id - 512]!)}${spelling(rights[id - 512]!)}`;
  };
  const byteIds = new Uint16Array(256);
  bytesInOrder.forEach((byte, id) => {
    byteIds[byte] = id;
  });
  return { size, startOfText: size - 2, endOfText: size - 1, byteIds, spelling, merge: mergeTable(lefts, rights) };
}

/** The two tokens of each merge. Apart from what lives on, so that the tokens' strings do not. */
function numberMerges(merges: readonly string[]): { lefts: Int32Array; rights: Int32Array } {
  const ids = new Map(tokenTexts([]).map((text, id) => [text, id]));
  const lefts = new Int32Array(merges.length);
  const rights = new Int32Array(merges.length);
  merges.forEach((line, i) => {
    const [left, right] = line.split(' ', 2).map((token) => ids.get(token));
    const token = line.replace(' ', '');
    if (left === undefined || right === undefined || ids.has(token)) {
      throw new DataError({
        function: 'createTokenizer',
        argument: `vocabulary[${i}]`,
        rule: 'must be two earlier tokens with a blank between them that make a new token',
        got: JSON.stringify(line),
      });
    }
    lefts[i] = left;
    rights[i] = right;
    ids.set(token, ids.size);
  });
  return { lefts, rights };
}

/** A hash table in flat memory: as a map of numbers, half a million objects would be in the garbage collector's way for good. */
function mergeTable(lefts: Int32Array, rights: Int32Array): Vocabulary['merge'] {
  const bits = Math.ceil(Math.log2(lefts.length + 1)) + 1; // at most half full
  const places = new Int32Array(2 ** bits); // 1 + the merge, 0 where there is none
  const placeOf = (left: number, right: number) => (Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b)) >>> (32 - bits);
  const last = places.length - 1;
  for (let i = 0; i < lefts.length; i++) {
    let place = placeOf(lefts[i]!, rights[i]!);
    while (places[place] !== 0) place = (place + 1) & last;
    places[place] = i + 1;
  }
  return (left, right) => {
    for (let place = placeOf(left, right); places[place] !== 0; place = (place + 1) & last) {
      const i = places[place]! - 1;
      if (lefts[i] === left && rights[i] === right) return 512 + i;
    }
    return undefined;
  };
}

/**
 * CLIP's 48,894 merges, most frequent first: one `left right` each, in GPT-2's byte alphabet with `</w>` where a word ends. The lines of
 * the `merges.txt` that other tokenizers read; `createTokenizer({ vocabulary })` takes a list like it.
 */
export function clipMerges(): string[] {
  return brotliDecompressSync(Buffer.from(compressedMerges, 'base64')).toString('utf8').split('\n');
}

/** The texts of the tokens that a list of merges gives, by id, in GPT-2's byte alphabet; start and end are not among them. */
export function tokenTexts(merges: readonly string[]): string[] {
  const bytes = ['', '</w>'].flatMap((mark) => charactersInOrder.map((character) => character + mark));
  return [...bytes, ...merges.map((line) => line.replace(' ', ''))];
}

let loaded: Vocabulary | undefined;

/** CLIP's own 49,408 tokens, unpacked at first use. */
export function clipVocabulary(): Vocabulary {
  loaded ??= buildVocabulary(clipMerges());
  return loaded;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
