/**
 * Cuts a cleaned text into the words that byte-pair encoding works on: runs of letters, single digits, English contractions, runs of
 * anything else, and the two special tokens spelt out. The pattern of CLIP's tokenizer, whose ignored case comes down to `ſ` for `s`
 * after cleaning; U+0345 is dropped, since the reference's regular expression takes it for neither letter nor other.
 */
export function splitWords(cleaned: string): readonly string[] {
  if (!ascii.test(cleaned)) return cleaned.match(anyWord) ?? [];
  const words: string[] = [];
  for (let begin = asciiWordBegin(cleaned, 0), end = 0; begin < cleaned.length; begin = asciiWordBegin(cleaned, end)) {
    end = asciiWordEnd(cleaned, begin);
    words.push(cleaned.slice(begin, end));
  }
  return words;
}

const ascii = /^[\0-\x7f]*$/;
const anyWord = /<[sſ]tart_of_text>|<end_of_text>|'(?:[sſ]|t|re|ve|m|ll|d)|\p{L}+|\p{N}|(?:(?!\u0345)[^ \p{L}\p{N}])+/gu;

/** Where the next word of a text in small ASCII letters begins, from `at` on; its length when there is none. */
export function asciiWordBegin(text: string, at: number): number {
  let begin = at;
  while (text.charCodeAt(begin) === blank) begin++;
  return begin;
}

/** Where the word that begins at `begin` ends. The same pattern as `anyWord`, character by character: five times as fast. */
export function asciiWordEnd(text: string, begin: number): number {
  const first = text.charCodeAt(begin);
  let end = begin + 1;
  if (isLetter(first)) {
    while (isLetter(text.charCodeAt(end))) end++;
    return end;
  }
  if (isDigit(first)) return end;
  const special = first === apostrophe ? contractions : first === lessThan ? specialTokens : [];
  for (const word of special) if (text.startsWith(word, begin)) return begin + word.length;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === blank || isLetter(code) || isDigit(code)) break;
  }
  return end;
}

const blank = 0x20;
const apostrophe = 0x27;
const lessThan = 0x3c;
const contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
const specialTokens = ['<start_of_text>', '<end_of_text>'];

function isLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
