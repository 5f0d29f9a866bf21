import nlp from 'compromise/two';

/** One word as compromise holds it; `post` is what stands between it and the next word, which parts clauses at commas. */
interface Term {
  readonly text: string;
  readonly normal: string;
  readonly pre: string;
  readonly post: string;
  readonly tags: Set<string>;
}

/** What is used of compromise's own objects: its published types hide documents, rules and word forms. */
interface Internals {
  (text: ''): { document: Term[][]; compute(steps: readonly string[]): unknown };
  hooks(): string[];
  methods(): {
    two: {
      transform: {
        noun: { toPlural(word: string, model: unknown): string };
        verb: { conjugate(word: string, model: unknown): Record<string, string | undefined> };
        adjective: { toComparative(word: string, model: unknown): string; toSuperlative(word: string, model: unknown): string };
      };
    };
  };
  model(): unknown;
}
const compromise = nlp as unknown as Internals;

const { transform } = compromise.methods().two;
const model = compromise.model();

// No contractions: they split and merge words, and a caption's words are cut already.
const steps = compromise.hooks().filter((step) => !step.startsWith('contraction'));

/**
 * Tags of words by compromise's lexicon and rules, one set for each word. The words are handed over ready cut, so that every tag has its
 * place in the caption. Nothing is added to compromise's lexicon: that is one for the whole program.
 * @param sentences - words, each with the marks that follow it
 */
export function compromiseTags(sentences: readonly (readonly { text: string; marks: string }[])[]): ReadonlySet<string>[] {
  const view = compromise('');
  view.document = sentences.map((words) =>
    words.map(({ text, marks }) => ({ text, normal: text.toLowerCase(), pre: '', post: `${marks} `, tags: new Set<string>() })),
  );
  view.compute(steps);
  return view.document.flatMap((terms) => terms.map((term) => term.tags));
}

/** Forms of single base forms by compromise's rules and lexicon. */
export const wordForms = {
  plural: (noun: string): string => transform.noun.toPlural(noun, model),
  verb: (verb: string): Record<string, string | undefined> => transform.verb.conjugate(verb, model),
  comparative: (adjective: string): string => transform.adjective.toComparative(adjective, model),
  superlative: (adjective: string): string => transform.adjective.toSuperlative(adjective, model),
};
