import { findCodePage } from './mojibake/code-pages.js';
import { fixEncoding } from './mojibake/fix-encoding.js';
import { unescapeWholeReferences } from './unescape-html.js';

/**
 * Mends what went wrong when a text was written, copied and converted, line by line, with the decisions of `ftfy.fix_text` 6.3.1:
 * HTML references (until the first line that holds a `<`), UTF-8 read in a wrong encoding, control characters, ligatures, full and half
 * width, curly quotes, line breaks, lone surrogates; then Unicode's composed form (NFC).
 *
 * @example
 * fixText('schÃ¶n &amp; ﬁne'); // 'schön & fine'
 */
export function fixText(text: string): string {
  if (isPlain(text)) return text;
  let mayBeEscaped = true;
  return text.replace(/[^\n]*\n|[^\n]+$/g, (line) => {
    mayBeEscaped &&= !line.includes('<');
    return fixLine(line, mayBeEscaped);
  });
}

/** Printable ASCII without `&`: nothing to mend. */
export function isPlain(text: string): boolean {
  return /^[ -%'-~]*$/.test(text);
}

function fixLine(line: string, mayBeEscaped: boolean): string {
  let fixed = line;
  for (let before: string | undefined; fixed !== before; ) {
    before = fixed;
    if (mayBeEscaped) fixed = unescapeWholeReferences(fixed);
    fixed = fixEncoding(fixed)
      .replace(/[\x80-\x9f]/g, (control) => windows1252.decode(control))
      .replace(/[Ĳĳŉ\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g, (ligature) => (ligature === '\ufb05' ? 'ſt' : ligature.normalize('NFKC')))
      .replace(/[\u3000\uff01-\uffef]/g, (wide) => wide.normalize('NFKC'))
      .replace(/[“-‟]/g, '"')
      .replace(/[ʼ‘-‛]/g, "'")
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, '') // colours of a terminal
      .replace(/[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, '')
      .normalize('NFC');
  }
  return fixed;
}

const windows1252 = findCodePage('windows-1252');
