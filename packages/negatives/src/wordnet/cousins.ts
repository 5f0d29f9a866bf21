import { baseForms } from './base-forms.js';
import { classOfSynset, type Synset, type WordClass, type WordNet, type WordPointer } from './wordnet.js';

/**
 * Words of the same kind with another meaning, and their weights: antonyms, and *cousins*, which share a grandparent (children of the
 * parents' siblings and of the parents). Adjectives have no parents: they go by the nouns they derive from, and back. No word that shares
 * a synset with the old one. A word weighs its count in WordNet's corpora, at least 1, once for every path that leads to it.
 *
 * As in the reference, a word that is met in several senses counts as in the one met first.
 * @returns words as WordNet writes them, underscores for spaces
 */
export function cousins(word: string, wordClass: WordClass, wordNet: WordNet): Map<string, number> {
  const synsets = new Set(baseForms(word, wordClass, wordNet).flatMap((form) => wordNet.synsets(form, wordClass)));
  const synonyms = new Set(Array.from(synsets, (synset) => synset.words).flat());
  const counts = new Map<string, number>();
  const weights = new Map<string, number>();
  const add = (synset: Synset, index: number) => {
    const name = synset.words[index]!;
    const known = counts.get(name);
    if (known !== undefined) weights.set(name, weights.get(name)! + known);
    else if (!synonyms.has(name)) {
      const count = Math.max(synset.counts[index]!, 1);
      counts.set(name, count);
      weights.set(name, count);
    }
  };
  const follow = ({ synset, target }: WordPointer) => add(wordNet.synset(synset), target);
  for (const synset of synsets) {
    synset.antonyms.forEach(follow);
    if (wordClass === 'a') adjectiveCousins(synset, wordNet).forEach(follow);
    else {
      for (const cousin of cousinSynsets(synset, wordNet)) {
        for (let index = 0; index < cousin.words.length; index++) add(cousin, index);
      }
    }
  }
  return weights;
}

/** Synsets two steps up and two down again, without the one we come from; one that several paths reach comes several times. */
function* cousinSynsets(synset: Synset, wordNet: WordNet): Generator<Synset> {
  for (const parent of synset.hypernyms) {
    for (const grandparent of wordNet.synset(parent).hypernyms) {
      for (const uncle of wordNet.synset(grandparent).hyponyms) {
        for (const cousin of wordNet.synset(uncle).hyponyms) if (cousin !== synset.id) yield wordNet.synset(cousin);
      }
    }
  }
}

/** Adjectives derived from the cousins of the nouns that an adjective derives from: red, redness, blueness, blue. */
function adjectiveCousins(adjective: Synset, wordNet: WordNet): WordPointer[] {
  const ofClass = ({ derived }: Synset, wordClass: WordClass) => derived.filter(({ synset }) => classOfSynset(synset) === wordClass);
  const nouns = new Set(ofClass(adjective, 'n').map(({ synset }) => synset));
  return [...nouns]
    .flatMap((noun) => [...cousinSynsets(wordNet.synset(noun), wordNet)])
    .flatMap((cousin) => ofClass(cousin, 'a'))
    .filter(({ synset }) => synset !== adjective.id);
}
