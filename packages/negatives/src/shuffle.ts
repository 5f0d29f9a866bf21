import { foldIn, OptionError, type RandomStream, randomStream } from '@fsc-clip/core';
import type { SingleNegativeGenerator } from './generator.js';
import { saysOther } from './internal/says-other.js';
import type { Token } from './internal/tokenize.js';
import { type CaptionParser, type ParsedCaption, parseCaption } from './parse-caption.js';

export interface ShuffleOptions {
  /** Parser with its cache. @defaultValue the one that all generators share */
  readonly parse?: CaptionParser;
}

/** How often a shuffle is drawn again when it gives back the caption. */
const maxTries = 10;

/**
 * Cuts a caption into groups of `n` tokens and joins them in random order with single spaces. A mark that ends the caption as a group of
 * its own is taken out first, then put behind a random group or in front of all. Ten draws that say the same give an empty slot.
 * Source: `ngram_shuffle` of FSC-CLIP's training code (arXiv 2410.05210, section 4.1 uses n = 2).
 * @param n - tokens in a group, 1 to 5
 * @example
 * ngramShuffle(2).generate('a man rides a brown horse', createKey(0)); // e.g. ['rides a brown horse a man']
 * @throws OptionError when `n` is no integer from 1 to 5
 */
export function ngramShuffle(n: number, options: ShuffleOptions = {}): SingleNegativeGenerator {
  checkGroupSize('ngramShuffle', n);
  const { parse = parseCaption } = options;
  return {
    types: [`shuffle${n}`],
    generate: (caption, key) => {
      const parsed = parse(caption);
      const groups = groupTokens(parsed, n);
      if (groups === undefined) return [null];
      const random = randomStream(foldIn(key, `shuffle${n}`));
      for (let tries = 0; tries < maxTries; tries++) {
        const text = joinGroups(drawOrder(groups, random), parsed);
        if (saysOther(text, parsed.text)) return [text];
      }
      return [null];
    },
  };
}

/**
 * Every caption that `ngramShuffle(n)` may give for this one, each once; undefined when there are more than 5,040 orders (over seven groups).
 * @throws OptionError when `n` is no integer from 1 to 5
 */
export function shuffleCandidates(caption: string, n: number, options: ShuffleOptions = {}): string[] | undefined {
  checkGroupSize('shuffleCandidates', n);
  const { parse = parseCaption } = options;
  const parsed = parse(caption);
  const groups = groupTokens(parsed, n);
  if (groups === undefined) return [];
  if (groups.texts.length > 7) return undefined;
  const places = groups.mark === undefined ? [0] : Array.from({ length: groups.texts.length + 1 }, (_, place) => place);
  const texts = permutations(groups.texts).flatMap((order) =>
    places.map((place) => joinGroups(placeMark(order, groups.mark, place), parsed)),
  );
  return [...new Set(texts)].filter((text) => saysOther(text, parsed.text));
}

interface Groups {
  readonly texts: readonly string[];
  /** The mark that ends the caption, when it is a group of its own. */
  readonly mark: string | undefined;
}

function checkGroupSize(name: string, n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > 5) {
    throw new OptionError({ function: name, argument: 'n', rule: 'must be an integer from 1 to 5', got: String(n) });
  }
}

const isMark = (text: string) => /^\p{P}+$/u.test(text);

/** Groups of n tokens; undefined when nothing can be shuffled. */
function groupTokens({ tokens }: ParsedCaption, n: number): Groups | undefined {
  const texts: string[] = [];
  for (let i = 0; i < tokens.length; i += n) texts.push(joinTokens(tokens.slice(i, i + n)));
  const mark = tokens.length % n === 1 % n && isMark(texts.at(-1) ?? '') ? texts.pop() : undefined;
  return texts.length < 2 ? undefined : { texts, mark };
}

/** Words with a space between, marks without one before them. */
function joinTokens(tokens: readonly Token[]): string {
  return tokens.map(({ text }, i) => (i === 0 || isMark(text) ? text : ` ${text}`)).join('');
}

function drawOrder({ texts, mark }: Groups, random: RandomStream): string[] {
  return placeMark(random.shuffle(texts), mark, mark === undefined ? 0 : random.integer(texts.length + 1));
}

/** Puts the mark behind group `place - 1`, or in front of all as a group of its own. */
function placeMark(texts: readonly string[], mark: string | undefined, place: number): string[] {
  if (mark === undefined) return [...texts];
  return place === 0 ? [mark, ...texts] : texts.map((text, i) => (i === place - 1 ? text + mark : text));
}

/** Joins groups; what the parser left out of a very long caption stays at its end. */
function joinGroups(groups: readonly string[], { text, tokens }: ParsedCaption): string {
  return groups.join(' ') + text.slice(tokens.at(-1)!.end).trimEnd();
}

function permutations(items: readonly string[]): string[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
