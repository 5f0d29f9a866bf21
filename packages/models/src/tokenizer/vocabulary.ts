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
  /** The bytes of each token as Latin-1 characters, with a blank where a word ends. */
  readonly spellings: readonly string[];
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
  const ids = new Map<string, number>();
  const spellings: string[] = [];
  for (const [mark, blank] of [
    ['', ''],
    ['</w>', ' '],
  ] as const) {
    charactersInOrder.forEach((character, i) => {
      ids.set(character + mark, spellings.length);
      spellings.push(String.fromCharCode(bytesInOrder[i]!) + blank);
    });
  }
  const size = 512 + merges.length + 2;
  const merged = new Map<number, number>();
  for (const line of merges) {
    const [left, right] = line.split(' ', 2).map((token) => ids.get(token));
    const token = line.replace(' ', '');
    if (left === undefined || right === undefined || ids.has(token)) {
      throw new DataError({
        function: 'createTokenizer',
        argument: `vocabulary[${spellings.length - 512}]`,
        rule: 'must be two earlier tokens with a blank between them that make a new token',
        got: JSON.stringify(line),
      });
    }
    ids.set(token, spellings.length);
    merged.set(left * size + right, spellings.length);
    spellings.push(spellings[left]! + spellings[right]!);
  }
  spellings.push('<start_of_text>', '<end_of_text>');
  const byteIds = new Uint16Array(256);
  bytesInOrder.forEach((byte, id) => {
    byteIds[byte] = id;
  });
  return {
    size,
    startOfText: size - 2,
    endOfText: size - 1,
    byteIds,
    spellings,
    merge: (left, right) => merged.get(left * size + right),
  };
}

/**
 * CLIP's 48,894 merges, most frequent first: one `left right` each, in GPT-2's byte alphabet with `</w>` where a word ends. The lines of
 * the `merges.txt` that other tokenizers read; `createTokenizer({ vocabulary })` takes a list like it.
 */
export function clipMerges(): string[] {
  return brotliDecompressSync(Buffer.from(compressedMerges, 'base64')).toString('utf8').split('\n');
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
