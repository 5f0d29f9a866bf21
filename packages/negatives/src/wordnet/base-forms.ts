import { irregularVerbs, pluralEndings } from '../internal/irregular-words.js';
import type { WordClass, WordNet } from './wordnet.js';

/** WordNet's rules of detachment (morphy): an ending, and what may stand in its place. */
const endings: Readonly<Record<WordClass, readonly (readonly [string, string])[]>> = {
  n: [
    ['s', ''],
    ['ses', 's'],
    ['ves', 'f'],
    ['xes', 'x'],
    ['zes', 'z'],
    ['ches', 'ch'],
    ['shes', 'sh'],
    ['men', 'man'],
    ['ies', 'y'],
  ],
  v: [
    ['s', ''],
    ['ies', 'y'],
    ['es', 'e'],
    ['es', ''],
    ['ed', 'e'],
    ['ed', ''],
    ['ing', 'e'],
    ['ing', ''],
  ],
  a: [
    ['er', ''],
    ['est', ''],
    ['er', 'e'],
    ['est', 'e'],
  ],
  r: [],
};

/** The word itself and its base forms, those that WordNet lists: `glasses` is `glasses` and `glass`, `sat` is `sit`. */
export function baseForms(word: string, wordClass: WordClass, wordNet: WordNet): string[] {
  const form = word.toLowerCase().replaceAll(' ', '_');
  const irregular = wordClass === 'v' ? (irregularVerbs.baseForms.get(form) ?? []) : [];
  const plural =
    wordClass === 'n' ? pluralEndings.filter(([many]) => form.endsWith(many)).map(([many, one]) => swapEnding(form, many, one)) : [];
  const regular = endings[wordClass].filter(([ending]) => form.endsWith(ending)).map(([ending, base]) => swapEnding(form, ending, base));
  // Doubled consonants: sitting, bigger.
  const single = regular.filter((base) => /([b-df-hj-np-tv-z])\1$/.test(base)).map((base) => base.slice(0, -1));
  const candidates = irregular.length + plural.length > 0 ? [form, ...irregular, ...plural] : [form, ...regular, ...single];
  return [...new Set(candidates)].filter((base) => base.length > 1 && wordNet.has(base, wordClass));
}

const swapEnding = (word: string, ending: string, other: string) => word.slice(0, word.length - ending.length) + other;
