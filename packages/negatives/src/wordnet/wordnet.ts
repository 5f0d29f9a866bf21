import type { WordNetFiles } from './files.js';
import { findLine, lineAt } from './sorted-lines.js';

/** Noun, verb, adjective, adverb. */
export type WordClass = 'n' | 'v' | 'a' | 'r';

/** Leads to one word of a set of synonyms: `synset.words[target]`. */
export interface WordPointer {
  readonly synset: SynsetId;
  readonly target: number;
}

/** A number for each set of synonyms: its class and its place in that class's file. */
export type SynsetId = number;

/** A set of synonyms; each one is held once, so sets may be compared by identity. */
export interface Synset {
  readonly id: SynsetId;
  /** Words as written, underscores for spaces. */
  readonly words: readonly string[];
  /** How often each word was tagged with this sense in WordNet's corpora. */
  readonly counts: readonly number[];
  /** The general sets above it (without those that it is an instance of), and the special ones below. */
  readonly hypernyms: readonly SynsetId[];
  readonly hyponyms: readonly SynsetId[];
  readonly antonyms: readonly WordPointer[];
  /** Words of another class that derive from its words, or the other way round. */
  readonly derived: readonly WordPointer[];
}

export interface WordNet {
  /** Whether a base form is listed. */
  has(lemma: string, wordClass: WordClass): boolean;
  /** Sets of synonyms of a base form, commonest sense first. */
  synsets(lemma: string, wordClass: WordClass): readonly Synset[];
  synset(id: SynsetId): Synset;
}

const newline = 10;
const space = 32;
const zero = 48;
/** What parts a synset's line from its gloss. */
const bar = 124;

const suffixes = { n: 'noun', v: 'verb', a: 'adj', r: 'adv' } as const;
const classes = ['n', 'v', 'a', 'r'] as const;
/** More than any file has bytes; four of them keep ids in 31 bits, where maps are fastest. */
const stride = 2 ** 26;
const idOf = (mark: string, offset: string): SynsetId =>
  classes.indexOf(mark === 's' ? 'a' : (mark as WordClass)) * stride + Number(offset);

/** Class of a set of synonyms. */
export const classOfSynset = (id: SynsetId): WordClass => classes[Math.floor(id / stride)]!;

/** WordNet over its raw files: words by binary search, sets of synonyms read once each. */
export function createWordNet(files: WordNetFiles): WordNet {
  const counts = readCounts(files['index.sense']);
  const synsets = new Map<SynsetId, Synset>();

  const synset = (id: SynsetId): Synset => {
    let known = synsets.get(id);
    if (known === undefined) {
      known = parseSynset(lineAt(files[`data.${suffixes[classOfSynset(id)]}`], id % stride, bar), id, counts);
      synsets.set(id, known);
    }
    return known;
  };
  const line = (lemma: string, wordClass: WordClass) =>
    /^[a-z0-9'._/-]+$/.test(lemma) ? findLine(files[`index.${suffixes[wordClass]}`], lemma) : undefined;

  return {
    has: (lemma, wordClass) => line(lemma, wordClass) !== undefined,
    synsets: (lemma, wordClass) => {
      const fields = line(lemma, wordClass)?.trimEnd().split(' ') ?? [];
      return fields.slice(fields.length - Number(fields[2] ?? 0)).map((offset) => synset(idOf(wordClass, offset)));
    },
    synset,
  };
}

/** The class of a sense key's number; 5 is an adjective that goes by another one. */
const senseMarks = ['', 'n', 'v', 'a', 'r', 'a'];

/** Counts above 0 by set and word, from lines `lemma%class:… offset sense_number count`. */
function readCounts(bytes: Uint8Array): ReadonlyMap<SynsetId, ReadonlyMap<string, number>> {
  const counts = new Map<SynsetId, Map<string, number>>();
  for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(newline, start);
    if (end < 0) end = bytes.length;
    if (bytes[end - 1] === zero && bytes[end - 2] === space) continue; // five lines in six
    const [key, offset, , count] = lineAt(bytes, start).trimEnd().split(' ');
    const [word, sense] = key!.split('%');
    const id = idOf(senseMarks[Number(sense![0])]!, offset!);
    const words = counts.get(id) ?? new Map<string, number>();
    counts.set(id, words.set(word!, Number(count)));
  }
  return counts;
}

/** `offset lex_file type word_count(hex) {word lex_id} pointer_count {symbol offset class source+target(hex)} …`; the gloss after it is not read. */
function parseSynset(line: string, id: SynsetId, counts: ReadonlyMap<SynsetId, ReadonlyMap<string, number>>): Synset {
  const fields = line.split(' ');
  const wordCount = Number.parseInt(fields[3]!, 16);
  const words = Array.from({ length: wordCount }, (_, i) => fields[4 + 2 * i]!.replace(/\((?:a|p|ip)\)$/, ''));
  const counted = counts.get(id);
  const hypernyms: SynsetId[] = [];
  const hyponyms: SynsetId[] = [];
  const antonyms: WordPointer[] = [];
  const derived: WordPointer[] = [];
  const pointers = 4 + 2 * wordCount;
  const last = pointers + 4 * Number(fields[pointers]);
  for (let at = pointers + 1; at < last; at += 4) {
    const symbol = fields[at]!;
    if (symbol !== '@' && symbol !== '~' && symbol !== '!' && symbol !== '+') continue;
    const target = idOf(fields[at + 2]!, fields[at + 1]!);
    if (symbol === '@') hypernyms.push(target);
    else if (symbol === '~') hyponyms.push(target);
    else (symbol === '!' ? antonyms : derived).push({ synset: target, target: Number.parseInt(fields[at + 3]!.slice(2), 16) - 1 });
  }
  return { id, words, counts: words.map((word) => counted?.get(word.toLowerCase()) ?? 0), hypernyms, hyponyms, antonyms, derived };
}
