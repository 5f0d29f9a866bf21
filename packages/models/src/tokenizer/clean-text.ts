import { fixText, isPlain } from './fix-text.js';
import { unescapeHtml } from './unescape-html.js';
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
  return unescapeHtml(unescapeHtml(fixText(text)))
    .replace(anyWhitespace, ' ')
    .replace(/^ | $/g, '')
    .toLowerCase();
}

const anyWhitespace = new RegExp(`[${whitespace}]+`, 'g');
