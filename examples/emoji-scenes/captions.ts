/** A thing and the colour of its ground. */
export interface Binding {
  readonly thing: string;
  readonly colour: string;
}

/** Where the first thing of a caption is, seen from the second. */
export type Relation = 'to the left of' | 'to the right of' | 'above' | 'below';

/** `a car`, `an owl`, `an hourglass`. */
export function withArticle(noun: string): string {
  return `${articleOf(noun)} ${noun}`;
}

/** The text with every `a` and `an` made to fit the word after it. */
export function mendArticles(text: string): string {
  return text.replace(/\ban?(?= (\w+))/g, (_, next) => articleOf(next));
}

function articleOf(word: string): 'a' | 'an' {
  return /^([aeiou]|hour)/.test(word) ? 'an' : 'a';
}

/** `a car on purple and a blowfish on white`. */
export function colourCaption(bindings: readonly [Binding, Binding]): string {
  return bindings.map(({ thing, colour }) => `${withArticle(thing)} on ${colour}`).join(' and ');
}

/** `a car and a blowfish`. */
export function pairCaption([first, second]: readonly [string, string]): string {
  return `${withArticle(first)} and ${withArticle(second)}`;
}

/** `a car above a blowfish`. */
export function relationCaption([first, second]: readonly [string, string], relation: Relation): string {
  return `${withArticle(first)} ${relation} ${withArticle(second)}`;
}
