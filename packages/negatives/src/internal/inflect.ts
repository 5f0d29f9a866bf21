import { wordForms } from './compromise.js';
import { irregularVerbs } from './irregular-words.js';
import type { Tag } from './tags.js';

/** Adjectives that take -er and -est: one syllable, or two that end lightly. */
const comparable = /^(?:[^aeiouy]*[aeiouy]{1,2}[^aeiouy]*e?|.*(?:y|le|ow|er))$/;

/**
 * A base form made like the word that it replaces, by that word's tag: `dog` as NNS is `dogs`. Words of several parts, and adjectives
 * that would need `more`, stay as they are, as in the reference.
 */
export function inflect(lemma: string, tag: Tag): string {
  if (/[^\p{L}]/u.test(lemma)) return lemma;
  switch (tag) {
    case 'NNS':
      return lemma.endsWith('man') && lemma !== 'human' ? lemma.replace(/man$/, 'men') : wordForms.plural(lemma);
    case 'VBZ':
      return wordForms.verb(lemma)['PresentTense'] ?? lemma;
    case 'VBG':
      return gerund(lemma);
    case 'VBD':
      return irregularVerbs.past.get(lemma) ?? wordForms.verb(lemma)['PastTense'] ?? lemma;
    case 'VBN': {
      const forms = wordForms.verb(lemma);
      return irregularVerbs.participle.get(lemma) ?? forms['Participle'] ?? forms['PastTense'] ?? lemma;
    }
    case 'JJR':
      return comparable.test(lemma) ? wordForms.comparative(lemma) : lemma;
    case 'JJS':
      return comparable.test(lemma) ? wordForms.superlative(lemma) : lemma;
    default:
      return lemma;
  }
}

function gerund(lemma: string): string {
  const form = wordForms.verb(lemma)['Gerund'];
  if (form?.endsWith('ing') && form !== lemma) return form;
  return lemma.endsWith('c') ? `${lemma}king` : `${lemma}ing`;
}

/** Gives `text` the capitals of `model`: all of them, one a word, or its own. */
export function copyCase(text: string, model: string): string {
  if (model === model.toUpperCase() && model !== model.toLowerCase()) return text.toUpperCase();
  if (!/^\p{Lu}\P{Lu}*$/u.test(model)) return text;
  return text.toLowerCase().replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase());
}
