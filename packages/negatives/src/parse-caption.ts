import { OptionError } from '@fsc-clip/core';
import { boundedCache } from './internal/bounded-cache.js';
import { findNounPhrases, type Span } from './internal/spans.js';
import { tagTokens } from './internal/tag.js';
import type { Tag } from './internal/tags.js';
import { type Token, tokenize } from './internal/tokenize.js';

/** A caption with its words, their parts of speech and its noun phrases. */
export interface ParsedCaption {
  /** The caption in Unicode's composed form (NFC); all offsets count its UTF-16 units. */
  readonly text: string;
  /** Words and marks in order. At most 77: CLIP reads no more. */
  readonly tokens: readonly Token[];
  /** Part of speech of each token, as Penn Treebank calls it. */
  readonly tags: readonly Tag[];
  /** Noun phrases as token ranges [from, to); the head is the last token. Pronouns are phrases of one token. */
  readonly nounPhrases: readonly Span[];
}

/** Turns a caption into its parse; the same parse, maybe from a cache, for the same caption. */
export type CaptionParser = (caption: string) => ParsedCaption;

export interface CaptionParserOptions {
  /**
   * Parses kept in memory, least recently used ones are dropped. Parsing is nearly the whole cost of a negative, about 2 kB each.
   * @defaultValue 10000
   */
  readonly cacheSize?: number;
}

/**
 * A parser with a cache of its own. Generators share one unless you give them yours, so that a caption is parsed once for all of them.
 * @example
 * const parse = createCaptionParser({ cacheSize: 100_000 });
 * const negatives = fscClip({ parse });
 * @throws OptionError when `cacheSize` is no positive integer
 */
export function createCaptionParser(options: CaptionParserOptions = {}): CaptionParser {
  const { cacheSize = 10_000 } = options;
  if (!Number.isSafeInteger(cacheSize) || cacheSize < 1) {
    throw new OptionError({
      function: 'createCaptionParser',
      argument: 'cacheSize',
      rule: 'must be a positive integer',
      got: String(cacheSize),
    });
  }
  const cache = boundedCache<ParsedCaption>(cacheSize);
  return (caption) => cache.get(caption, () => parse(caption));
}

/** The parser that generators share. */
export const parseCaption: CaptionParser = createCaptionParser();

function parse(caption: string): ParsedCaption {
  const text = caption.normalize('NFC');
  const tokens = tokenize(text);
  const tags = tagTokens(tokens);
  const words = tokens.map((token) => token.text);
  return { text, tokens, tags, nounPhrases: findNounPhrases(words, tags) };
}
