/** A word or mark of a caption: `text` is `caption.slice(start, end)`, offsets in UTF-16 units. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** CLIP reads 77 tokens, and a word is at least one of them: what lies further is left as it is, and costs nothing. */
const maxTokens = 77;
const maxCharacters = 1000;

const url = /^(?:https?:\/\/|www\.)\S+$/i;
const abbreviation = /^(?:(?:\p{L}\.)+|(?:mr|mrs|ms|dr|st|jr|sr|vs|etc|no)\.)$/iu;
const openingMark = /^(?:\.{2,}|--+|(?![_@])[\p{P}\p{S}])/u;
const closingMark = /(?:\.{2,}|--+|['’]s|(?![_@])[\p{P}\p{S}])$/iu;
const contraction = /(?:n['’]t|['’](?:re|ve|ll|m|d))$/iu;
/** Marks that split a word in two when letters stand on both sides: `half-open`, `and/or`. */
const innerMark = /(?<=[\p{L}\p{N}])(?:\.{2,}|--+|[-–—~:<>=/])(?=\p{L})|(?<=\p{L}),(?=\p{L})/gu;

/**
 * Words and marks of a caption. Marks, possessive `'s` and `n't` are tokens of their own, hyphened words are three; white space is none.
 * Only the head of a very long caption is read, see `maxTokens`.
 */
export function tokenize(caption: string): Token[] {
  const tokens: Token[] = [];
  for (const match of caption.matchAll(/\S+/g)) {
    const pieces = match.index + match[0].length > maxCharacters ? undefined : splitChunk(match[0]);
    if (pieces === undefined || tokens.length + pieces.length > maxTokens) break;
    let start = match.index;
    for (const text of pieces) {
      tokens.push({ text, start, end: start + text.length });
      start += text.length;
    }
  }
  return tokens;
}

/** One run without white space into the pieces that add up to it. */
function splitChunk(chunk: string): string[] {
  const before: string[] = [];
  const after: string[] = [];
  let word = chunk;
  while (word !== '' && !url.test(word)) {
    const opening = openingMark.exec(word)?.[0];
    if (opening === undefined) break;
    before.push(opening);
    word = word.slice(opening.length);
  }
  while (word !== '' && !url.test(word) && !abbreviation.test(word)) {
    const closing = (closingMark.exec(word) ?? contraction.exec(word))?.[0];
    if (closing === undefined) break;
    after.unshift(closing);
    word = word.slice(0, -closing.length);
  }
  return [...before, ...(url.test(word) ? [word] : splitInside(word)), ...after];
}

function splitInside(word: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const match of word.matchAll(innerMark)) {
    pieces.push(word.slice(from, match.index), match[0]);
    from = match.index + match[0].length;
  }
  if (from < word.length) pieces.push(word.slice(from));
  return pieces;
}
