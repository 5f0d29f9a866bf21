import { type Draft, replaced, rewritten } from './draft.js';
import { findCodePage } from './mojibake/code-pages.js';
import { fixEncoding } from './mojibake/fix-encoding.js';
import { unescapeWholeReference, wholeReference } from './unescape-html.js';

/**
 * Mends what went wrong when a text was written, copied and converted, line by line, with the decisions of `ftfy.fix_text` 6.3.1:
 * HTML references (until the first line that holds a `<`), UTF-8 read in a wrong encoding, control characters, ligatures, full and half
 * width, curly quotes, line breaks, lone surrogates; then Unicode's composed form (NFC).
 *
 * @example
 * fixText('schÃ¶n &amp; ﬁne'); // 'schön & fine'
 */
export function fixText(text: string): string {
  return isPlain(text) ? text : fixDraft({ text }).text;
}

/** Printable ASCII without `&`: nothing to mend. */
export function isPlain(text: string): boolean {
  return /^[ -%'-~]*$/.test(text);
}

/** `fixText` for a draft, which may be traced. */
export function fixDraft(draft: Draft): Draft {
  let mayBeEscaped = true;
  return rewritten(draft, /[^\n]*\n|[^\n]+$/g, (line) => {
    mayBeEscaped &&= !line.text.includes('<');
    return fixLine(line, mayBeEscaped);
  });
}

function fixLine(line: Draft, mayBeEscaped: boolean): Draft {
  let fixed = line;
  for (let before: string | undefined; fixed.text !== before; ) {
    before = fixed.text;
    if (mayBeEscaped) fixed = replaced(fixed, wholeReference, unescapeWholeReference);
    fixed = fixEncoding(fixed);
    for (const [pattern, by] of characterRules) fixed = replaced(fixed, pattern, by);
    fixed = composed(fixed);
  }
  return fixed;
}

const windows1252 = findCodePage('windows-1252');
const inNormalForm = (character: string) => character.normalize('NFKC');

const characterRules: readonly (readonly [pattern: RegExp, by: (match: string) => string])[] = [
  [/[\x80-\x9f]/g, (control) => windows1252.decode(control)],
  [/[Ĳĳŉ\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g, (ligature) => (ligature === '\ufb05' ? 'ſt' : inNormalForm(ligature))],
  [/[\u3000\uff01-\uffef]/g, inNormalForm], // full and half width
  [/[“-‟]/g, () => '"'],
  [/[ʼ‘-‛]/g, () => "'"],
  [/\r\n?|[\u2028\u2029]/g, () => '\n'],
  [/\p{Surrogate}/gu, () => '\ufffd'],
  [/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, () => ''], // colours of a terminal
  [/[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, () => ''],
];

/** Unicode's composed form (NFC): letter by letter, so that each keeps its origin, unless that gives something else. */
function composed(draft: Draft): Draft {
  const text = draft.text.normalize('NFC');
  if (text === draft.text) return draft;
  const letters = replaced(draft, /[\uac00-\ud7a3]?[\u1100-\u11ff]+|\P{M}\p{M}*/gu, (letter) => letter.normalize('NFC'));
  return letters.text === text ? letters : replaced(draft, /.+/gs, () => text);
}
