import { closedClasses, nounsInIng, plainPlurals } from './closed-classes.js';
import { compromiseTags } from './compromise.js';
import { isAdjective, isNoun, isVerb, type Tag } from './tags.js';
import type { Token } from './tokenize.js';

/** Part of speech of each token: compromise's tags, closed classes pinned, then the errors that it makes in captions repaired in order. */
export function tagTokens(tokens: readonly Token[]): Tag[] {
  const words = tokens.map((token) => token.text.toLowerCase());
  const guesses = guessWords(tokens, words);
  const tags = words.map((word, i): Tag => closedClasses.get(word) ?? guesses[i]!);
  for (let i = 0; i < tags.length; i++) {
    for (const repair of repairs) tags[i] = repair(words, tags, i) ?? tags[i]!;
  }
  return tags;
}

const isWord = (text: string) => /[\p{L}\p{N}]/u.test(text);
const endsSentence = /^[.!?]+$/;
const clitics: ReadonlyMap<string, string> = new Map([
  ["n't", 'not'],
  ["'re", 'are'],
  ["'ve", 'have'],
  ["'ll", 'will'],
  ["'m", 'am'],
  ["'d", 'would'],
]);
const hosts = /^(?:i|you|he|she|it|we|they|there|here|that|this|who|what|where)$/;

function guessWords(tokens: readonly Token[], words: readonly string[]): Tag[] {
  const sentences: { text: string; marks: string }[][] = [[]];
  const sources: number[] = [];
  words.forEach((word, i) => {
    const sentence = sentences.at(-1)!;
    if (/^['’]s$/.test(word)) {
      if (sentence.length > 0 && !hosts.test(words[i - 1]!)) sentence.at(-1)!.text += word;
    } else if (isWord(word)) {
      sentence.push({ text: clitics.get(word.replace('’', "'")) ?? tokens[i]!.text, marks: '' });
      sources.push(i);
    } else if (sentence.length > 0) {
      sentence.at(-1)!.marks += word;
      if (endsSentence.test(word) && i + 1 < words.length) sentences.push([]);
    }
  });
  const tags = words.map((word): Tag => (/^['’]s$/.test(word) ? 'POS' : 'X'));
  const found = sources.length === 0 ? [] : compromiseTags(sentences.filter((sentence) => sentence.length > 0));
  sources.forEach((source, n) => {
    tags[source] = pennTag(found[n]!, words[source]!);
  });
  return tags;
}

/** compromise's tags in order of precedence: a term carries several. */
const precedence: readonly (readonly [string, Tag])[] = [
  ['Determiner', 'DT'],
  ['Conjunction', 'CC'],
  ['Preposition', 'IN'],
  ['Pronoun', 'PRP'],
  ['Value', 'CD'],
  ['Negative', 'RB'],
  ['Comparative', 'JJR'],
  ['Superlative', 'JJS'],
  ['Adverb', 'RB'],
  ['Adjective', 'JJ'],
  ['Gerund', 'VBG'],
  ['Participle', 'VBN'],
  ['PastTense', 'VBD'],
  ['Infinitive', 'VB'],
  ['Auxiliary', 'AUX'],
  ['Modal', 'AUX'],
  ['Copula', 'AUX'],
  ['PresentTense', 'VBZ'],
  ['Verb', 'VB'],
  ['Plural', 'NNS'],
  ['Noun', 'NN'],
];

function pennTag(tags: ReadonlySet<string>, word: string): Tag {
  const tag = precedence.find(([name]) => tags.has(name))?.[1];
  return tag ?? (/^\p{L}/u.test(word) ? 'NN' : 'X');
}

/** Looks at one token and its neighbours (those before it are repaired already); a tag, or undefined to leave it. */
type Repair = (words: readonly string[], tags: readonly Tag[], i: number) => Tag | undefined;

const opensNounPhrase = (tag: Tag | undefined) => tag === 'DT' || tag === 'PRP$' || tag === 'CD' || tag === 'POS' || isAdjective(tag);

const repairs: readonly Repair[] = [
  // `'s` after a pronoun is a verb: it's.
  (words, tags, i) => (tags[i] === 'POS' && hosts.test(words[i - 1] ?? '') ? 'AUX' : undefined),
  // `to` and `that` and `her` by what follows.
  (words, tags, i) => (words[i] === 'to' ? (tags[i + 1] === 'VB' ? 'TO' : 'IN') : undefined),
  (words, tags, i) => (words[i] === 'that' ? (isNoun(tags[i + 1]) ? 'DT' : 'WDT') : undefined),
  (words, tags, i) => (words[i] === 'her' ? (isNoun(tags[i + 1]) || isAdjective(tags[i + 1]) ? 'PRP$' : 'PRP') : undefined),
  // have, has, had, do, does, did: help a verb or are one.
  (words, tags, i) => (/^(?:have|has|had|do|does|did)$/.test(words[i]!) ? auxiliaryOrVerb(words[i]!, tags[i + 1]) : undefined),
  // There is, there are.
  (words, _, i) => (words[i] === 'there' && /^(?:is|are|was|were|'s|’s)$/.test(words[i + 1] ?? '') ? 'EX' : undefined),
  (words, tags, i) => (tags[i - 1] === 'EX' ? (/^(?:are|were)$/.test(words[i]!) ? 'VBP' : 'VBZ') : undefined),
  // A plural that the tagger takes for a verb: several boats, a man on skis, cats and boats, train tracks running.
  (words, tags, i) => {
    if (plainPlurals.has(words[i]!)) return 'NNS';
    if (tags[i] !== 'VBZ' || tags[i - 1] === 'EX' || /^(?:has|does)$/.test(words[i]!)) return undefined;
    const before = tags[i - 1];
    const nounBefore = opensNounPhrase(before) || before === 'IN' || before === 'VBG' || (before === 'CC' && isNoun(tags[i - 2]));
    return nounBefore || (isNoun(before) && (tags[i + 1] === 'VBG' || tags[i + 1] === 'AUX')) ? 'NNS' : undefined;
  },
  // A singular that the tagger takes for a plural: a slice.
  (words, tags, i) => (tags[i] === 'NNS' && !/(?:s|men|ren|eople|eeth|feet|mice|geese)$/.test(words[i]!) ? 'NN' : undefined),
  // A noun that the tagger takes for a verb: the top, a red kite, a counter top, shirt and tie. A base form has few neighbours.
  (_, tags, i) => {
    if (tags[i] !== 'VB') return undefined;
    const before = tags[i - 1];
    const nounBefore = opensNounPhrase(before) || before === 'IN' || before === 'NN' || (before === 'CC' && isNoun(tags[i - 2]));
    return nounBefore ? 'NN' : before === 'NNS' || before === 'PRP' || before === 'WDT' ? 'VBP' : undefined;
  },
  // A participle that the tagger takes for an adjective: is parked.
  (words, tags, i) => (tags[i] === 'JJ' && words[i]!.endsWith('ed') && tags[i - 1] === 'AUX' ? 'VBN' : undefined),
  // A gerund after its noun: a man riding a wave; but a parking meter, a brick building.
  (words, tags, i) => {
    const word = words[i]!;
    if (!word.endsWith('ing') || word.length < 5 || !/^(?:NN|VBG|JJ)$/.test(tags[i]!)) return undefined;
    const objectFollows = tags[i + 1] === 'DT' || tags[i + 1] === 'PRP$';
    if (objectFollows && (isNoun(tags[i - 1]) || tags[i - 1] === 'CD')) return 'VBG';
    if (nounsInIng.has(word)) return 'NN';
    if (tags[i] !== 'NN') return undefined;
    return opensNounPhrase(tags[i - 1]) && isNoun(tags[i + 1]) ? 'NN' : opensNounPhrase(tags[i - 1]) ? undefined : 'VBG';
  },
];

function auxiliaryOrVerb(word: string, next: Tag | undefined): Tag {
  if (isVerb(next) || next === 'RB' || next === 'AUX') return 'AUX';
  return /s$/.test(word) ? 'VBZ' : /d$/.test(word) ? 'VBD' : 'VBP';
}
