/**
 * Cuts a cleaned text into the words that byte-pair encoding works on: runs of letters, single digits, English contractions, runs of
 * anything else, and the two special tokens spelt out. The pattern of CLIP's tokenizer, whose ignored case comes down to `ſ` for `s`
 * after cleaning; U+0345 is dropped, since the reference's regular expression takes it for neither letter nor other.
 */
export function splitWords(cleaned: string): readonly string[] {
  return cleaned.match(ascii.test(cleaned) ? asciiWord : anyWord) ?? [];
}

const ascii = /^[\0-\x7f]*$/;
// The same pattern for both; without Unicode's tables the first is three times as fast.
const asciiWord = /<start_of_text>|<end_of_text>|'(?:s|t|re|ve|m|ll|d)|[a-z]+|[0-9]|[^ a-z0-9]+/g;
const anyWord = /<[sſ]tart_of_text>|<end_of_text>|'(?:[sſ]|t|re|ve|m|ll|d)|\p{L}+|\p{N}|(?:(?!\u0345)[^ \p{L}\p{N}])+/gu;
