import { isAdjective, isNoun, isVerb, type Tag } from './tags.js';

/** Tokens `from` up to, and without, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * One letter a token, so that phrases are regular expressions: Determiner, Cardinal, adJective, adveRb, participle or gerund (V), Noun,
 * pronoun (U), possessive mark (P), coordination (&), hyphen.
 */
function letters(words: readonly string[], tags: readonly Tag[]): string {
  return tags
    .map((tag, i) => {
      if (tag === 'DT' || tag === 'PRP$') return 'D';
      if (tag === 'CD') return 'C';
      if (isAdjective(tag)) return 'J';
      if (tag === 'RB') return 'R';
      if (tag === 'VBN' || tag === 'VBG') return 'V';
      if (isNoun(tag)) return 'N';
      if (tag === 'PRP' || tag === 'WDT') return 'U';
      if (tag === 'POS') return 'P';
      if (tag === 'CC') return '&';
      return words[i] === '-' ? '-' : '.';
    })
    .join('');
}

// Modifiers then nouns: `a large bowl`, `a black and white cat`, `the dog's red ball`, `a half-open door`. A participle modifies only
// after another word of the phrase: `a parked car`, but `man | riding | horse`.
const nounPhrase = /(?:D?(?:R?[JC]-?(?:&R?[JV])?)*(?:(?<=[DCJ-])R?[JVC]-?(?:&R?[JV])?)*(?:N+PR?J*)?(?:N-)?N+)|U/g;

/** Noun phrases without what follows the head noun; pronouns are phrases of one token. The head is the last token. */
export function findNounPhrases(words: readonly string[], tags: readonly Tag[]): Span[] {
  return Array.from(letters(words, tags).matchAll(nounPhrase), (match) => ({ from: match.index, to: match.index + match[0].length }));
}

/** Every span that reads VERB? ADVERB* AUXILIARY* VERB+, overlapping ones too. */
export function findVerbPhrases(tags: readonly Tag[]): Span[] {
  const kinds = tags.map((tag) => (isVerb(tag) ? 'V' : tag === 'RB' ? 'R' : tag === 'AUX' ? 'A' : '.')).join('');
  const spans: Span[] = [];
  for (const run of kinds.matchAll(/[VRA]+/g)) {
    for (let from = 0; from < run[0].length; from++) {
      for (let to = from + 1; to <= run[0].length; to++) {
        if (/^V?R*A*V+$/.test(run[0].slice(from, to))) spans.push({ from: run.index + from, to: run.index + to });
      }
    }
  }
  return spans;
}

/** Drops spans that overlap a longer one, or an earlier one as long; in order of place. */
export function longestSpans(spans: readonly Span[]): Span[] {
  const taken = new Set<number>();
  const kept: Span[] = [];
  for (const span of [...spans].sort((a, b) => b.to - b.from - (a.to - a.from) || a.from - b.from)) {
    if (taken.has(span.from) || taken.has(span.to - 1)) continue;
    for (let i = span.from; i < span.to; i++) taken.add(i);
    kept.push(span);
  }
  return kept.sort((a, b) => a.from - b.from);
}
