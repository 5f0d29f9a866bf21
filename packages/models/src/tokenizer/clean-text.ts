import { type Draft, replaced, transcribed } from './draft.js';
import { fixDraft, isPlain } from './fix-text.js';
import { htmlReference, unescapeReference } from './unescape-html.js';
import { whitespace } from './whitespace.js';

/**
 * A text as CLIP's tokenizer sees it (open_clip's `clean='lower'`): mended by `fixText`, HTML unescaped twice, white space made single
 * blanks, in small letters.
 *
 * @example
 * cleanText(' A  Caf&eacute; '); // 'a café'
 */
export function cleanText(text: string): string {
  if (isPlain(text)) return text.replace(/ {2,}/g, ' ').trim().toLowerCase();
  return cleanDraft({ text }).text;
}

/** The same for a draft, which may be traced. */
export function cleanDraft(draft: Draft): Draft {
  const fixed = fixDraft(draft);
  const unescaped = replaced(replaced(fixed, htmlReference, unescapeReference), htmlReference, unescapeReference);
  const spaced = replaced(unescaped, anyWhitespace, () => ' ');
  return inSmallLetters(replaced(spaced, /^ | $/g, () => ''));
}

const anyWhitespace = new RegExp(`[${whitespace}]+`, 'g');

/** `İ` alone becomes longer when it becomes small. */
function inSmallLetters(draft: Draft): Draft {
  const lengthened = replaced(draft, /İ/g, (letter) => letter.toLowerCase());
  return transcribed(lengthened, lengthened.text.toLowerCase());
}
