import { foldIn, type Key, type RandomStream, randomStream } from '@fsc-clip/core';
import type { SingleNegativeGenerator } from './generator.js';
import { saysOther } from './internal/says-other.js';
import { findVerbPhrases, longestSpans, type Span } from './internal/spans.js';
import { isAdjective } from './internal/tags.js';
import { type CaptionParser, type ParsedCaption, parseCaption } from './parse-caption.js';

export interface SwapOptions {
  /** Parser with its cache. @defaultValue the one that all generators share */
  readonly parse?: CaptionParser;
}

/**
 * Swaps two phrases of one kind: noun phrases of three tokens or more, verb phrases, singular nouns, plural nouns, adverbs, adjectives.
 * Two of each kind are drawn, kinds without two or with two equal ones fall out, and one of the rest is drawn, as NegCLIP does
 * (Yuksekgonul et al., arXiv 2210.01936) and FSC-CLIP after it. All outside the two phrases stays as it is: capitals, `a` and `an` too.
 * @example
 * swapNegatives().generate('a car on purple and a blowfish on white', createKey(0)); // e.g. ['a blowfish on purple and a car on white']
 */
export function swapNegatives(options: SwapOptions = {}): SingleNegativeGenerator {
  const { parse = parseCaption } = options;
  return {
    types: ['swap'],
    generate: (caption, key) => [drawSwap(parse(caption), key)],
  };
}

/** Every caption that `swapNegatives` may give for this one, each once. */
export function swapCandidates(caption: string, options: SwapOptions = {}): string[] {
  const { parse = parseCaption } = options;
  const parsed = parse(caption);
  const swaps = spansByKind(parsed).flatMap((spans) =>
    spans.flatMap((first, i) => spans.slice(i + 1).map((second) => swapSpans(parsed, first, second))),
  );
  return [...new Set(swaps)].filter((text) => text !== null);
}

function drawSwap(parsed: ParsedCaption, key: Key): string | null {
  const random = randomStream(foldIn(key, 'swap'));
  const swaps = spansByKind(parsed)
    .map((spans) => drawPair(spans, random))
    .map((pair) => (pair === undefined ? null : swapSpans(parsed, ...pair)))
    .filter((text) => text !== null);
  return swaps.length === 0 ? null : random.choice(swaps);
}

function drawPair(spans: readonly Span[], random: RandomStream): [Span, Span] | undefined {
  if (spans.length < 2) return undefined;
  const first = random.integer(spans.length);
  const second = (first + 1 + random.integer(spans.length - 1)) % spans.length;
  return [spans[Math.min(first, second)]!, spans[Math.max(first, second)]!];
}

/** Phrases that may change places, kind by kind. */
function spansByKind({ tags, tokens, nounPhrases }: ParsedCaption): Span[][] {
  const where = (holds: (i: number) => boolean): Span[] => tags.flatMap((_, i) => (holds(i) ? [{ from: i, to: i + 1 }] : []));
  return [
    nounPhrases.filter(({ from, to }) => to - from > 2),
    longestSpans(findVerbPhrases(tags)),
    where((i) => tags[i] === 'NN'),
    where((i) => tags[i] === 'NNS'),
    where((i) => tags[i] === 'RB' && !/^n(?:o|['’])t$/i.test(tokens[i]!.text)),
    where((i) => isAdjective(tags[i])),
  ];
}

/** The caption with two phrases, the first one further left, in each other's place; null if that says the same. */
function swapSpans({ text, tokens }: ParsedCaption, first: Span, second: Span): string | null {
  const [a, b, c, d] = [tokens[first.from]!.start, tokens[first.to - 1]!.end, tokens[second.from]!.start, tokens[second.to - 1]!.end];
  const swapped = text.slice(0, a) + text.slice(c, d) + text.slice(b, c) + text.slice(a, b) + text.slice(d);
  return saysOther(swapped, text) ? swapped : null;
}
