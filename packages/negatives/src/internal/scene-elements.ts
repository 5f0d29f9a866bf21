import type { ParsedCaption } from '../parse-caption.js';
import { prepositions } from './prepositions.js';
import type { Span } from './spans.js';
import { isAdjective, isVerb } from './tags.js';

/** A place of a caption that may be overwritten: an entity's head word, a modifier or a relation. */
export interface SceneElement extends Span {
  readonly role: 'entity' | 'modifier' | 'relation';
}

/** Prepositions of several words; their nouns are no entities. */
const phrasal = [
  ['in', 'front', 'of'],
  ['on', 'top', 'of'],
  ['on', 'the', 'side', 'of'],
  ['in', 'the', 'middle', 'of'],
  ['outside', 'of'],
  ['inside', 'of'],
];

/**
 * What a caption says of a scene, by its noun phrases and their neighbours instead of a parse tree. Entities are noun phrases, modifiers their
 * determiners, numbers, adjectives and participles, relations the prepositions and verbs that stand right before a noun phrase.
 * Empty when there are fewer than two entities, or neither a relation nor a modifier: such a caption has nothing to confuse.
 */
export function sceneElements(caption: ParsedCaption): SceneElement[] {
  const { tokens, tags, nounPhrases } = caption;
  const words = tokens.map((token) => token.text.toLowerCase());
  const compound = findPhrasal(words);
  const phrases = nounPhrases.filter(({ to }) => !compound.some((span) => span.from < to && to <= span.to));
  const starts = new Set(phrases.map((phrase) => phrase.from));
  const elements: SceneElement[] = [];
  let modifiers = 0;
  let relations = 0;
  for (const { from, to } of phrases) {
    if (tags[to - 1] !== 'PRP' && tags[to - 1] !== 'WDT') elements.push({ from: to - 1, to, role: 'entity' });
    for (let i = from; i < to - 1; i++) {
      if (tags[i] === 'DT' || tags[i] === 'CD') modifiers++;
      if (isAdjective(tags[i]) || tags[i] === 'VBN' || tags[i] === 'VBG') {
        modifiers++;
        elements.push({ from: i, to: i + 1, role: 'modifier' });
      }
    }
  }
  const relate = (from: number, to: number) => {
    relations++;
    elements.push({ from, to, role: 'relation' });
  };
  for (const span of compound) if (span.from > 0) relate(span.from, span.to);
  for (let i = 1; i < tokens.length - 1; i++) {
    const inPhrasal = compound.some((span) => span.from <= i && i < span.to);
    if (inPhrasal || !starts.has(i + 1)) continue;
    if (tags[i] === 'IN' && prepositions.has(words[i]!) && words[i - 1] !== 'next') relate(i, i + 1);
    else if (isVerb(tags[i]) && tags[i - 1] !== 'TO') relate(i, i + 1);
  }
  const gated = phrases.length >= 2 && relations + modifiers > 0;
  return gated ? elements : [];
}

function findPhrasal(words: readonly string[]): Span[] {
  return words.flatMap((_, from) => {
    const found = phrasal.find((parts) => parts.every((part, i) => words[from + i] === part));
    return found === undefined ? [] : [{ from, to: from + found.length }];
  });
}
