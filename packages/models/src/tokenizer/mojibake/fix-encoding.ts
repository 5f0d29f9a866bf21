import { type Draft, replaced, rewritten, transcribed } from '../draft.js';
import { codePages, findCodePage } from './code-pages.js';
import { looksLikeMojibake } from './looks-like-mojibake.js';

/**
 * Repairs text whose UTF-8 bytes were read in another encoding: `cafÃ©` becomes `café`. Text that does not look like that is returned
 * as it is. The same decisions as `ftfy.fix_encoding` 6.3.1 (Robyn Speer, Apache-2.0, see LICENSE.txt here), written anew.
 */
export function fixEncoding(draft: Draft): Draft {
  let fixed = draft;
  for (let before: string | undefined; fixed.text !== before; ) {
    before = fixed.text;
    if (looksLikeMojibake(fixed.text)) fixed = fixOnce(fixed);
  }
  return fixed;
}

function fixOnce(draft: Draft): Draft {
  for (const page of codePages) {
    const encoded = page.encode(draft.text);
    if (encoded === undefined) continue;
    let bytes = transcribed(draft, encoded);
    // In MacRoman the byte before the blank would be a dash.
    if (page.name !== 'macintosh' && blankForA0.test(bytes.text)) bytes = restoreA0(bytes);
    if (page.lossy) bytes = replaced(bytes, lossyUtf8, () => '\xef\xbf\xbd');
    const decoded = decodeUtf8(bytes);
    if (decoded !== undefined) return decoded;
  }
  const repaired = fixInside(draft);
  if (repaired.text !== draft.text) return repaired;
  return replaced(draft, /[\x80-\x9f]/g, (control) => windows1252.decode(control));
}

const windows1252 = findCodePage('windows-1252');

// Strings of bytes, as Latin-1 characters, from here on.

/** UTF-8 sequences in which byte A0, a no-break blank, was turned into a blank; leads are left out where the result would be rare. */
const blankForA0 =
  /[\xc2\xc3\xc5\xce\xd0\xd9] |[\xe2\xe3] [\x80-\x84\x86-\x9f\xa1-\xbf]|[\xe0-\xe3][\x80-\x84\x86-\x9f\xa1-\xbf] |\xf0 [\x80-\xbf]{2}|\xf0[\x80-\xbf] [\x80-\xbf]|\xf0[\x80-\xbf]{2} /;

function restoreA0(bytes: Draft): Draft {
  const words = replaced(bytes, /\xc3 (?! |quele|quela|quilo|s )/g, () => '\xc3\xa0 '); // the word à, whose no-break blank and blank had become one
  return replaced(words, new RegExp(blankForA0, 'g'), (sequence) => sequence.replace(' ', '\xa0'));
}

/** UTF-8 and CESU-8 sequences that lost bytes: those that had become U+FFFD (byte 1A here), or at most one `?`. */
const lossyUtf8 = new RegExp(
  [
    '[\xc2-\xdf]\x1a',
    '[\xc2\xc3]\\?',
    '\xed[\xa0-\xaf][\x1a?]\xed[\xb0-\xbf][\x1a?\x80-\xbf]',
    '\xed[\xa0-\xaf][\x1a?\x80-\xbf]\xed[\xb0-\xbf][\x1a?]',
    '[\xe0-\xef][\x1a?][\x1a\x80-\xbf]',
    '[\xe0-\xef][\x1a\x80-\xbf][\x1a?]',
    '[\xf0-\xf4][\x1a?][\x1a\x80-\xbf]{2}',
    '[\xf0-\xf4][\x1a\x80-\xbf][\x1a?][\x1a\x80-\xbf]',
    '[\xf0-\xf4][\x1a\x80-\xbf]{2}[\x1a?]',
    '\x1a',
  ].join('|'),
  'g',
);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const decodeSequence = (bytes: string) => utf8.decode(Buffer.from(bytes, 'latin1'));

/** Decodes UTF-8 with two of its variants: surrogates encoded one by one (CESU-8), and Java's NUL. Undefined when it is neither. */
function decodeUtf8(bytes: Draft): Draft | undefined {
  const surrogates = /\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]/g;
  const standard = replaced(
    replaced(bytes, /\xc0\x80/g, () => '\0'),
    surrogates,
    (sequence) => {
      const [, high, highest, , low, lowest] = Array.from(sequence, (byte) => byte.charCodeAt(0));
      const point = 0x10000 + ((high! & 0xf) << 16) + ((highest! & 0x3f) << 10) + ((low! & 0xf) << 6) + (lowest! & 0x3f);
      return Buffer.from(String.fromCodePoint(point)).toString('latin1');
    },
  );
  try {
    decodeSequence(standard.text);
  } catch {
    return undefined; // not UTF-8: the usual answer, no failure
  }
  return replaced(standard, /[\xc2-\xf4][\x80-\xbf]+/g, decodeSequence);
}

/** Repairs stretches that read as UTF-8, where the text as a whole comes from no single encoding. */
function fixInside(draft: Draft): Draft {
  return rewritten(draft, misreadUtf8, (part) =>
    part.text.length < draft.text.length && looksLikeMojibake(part.text) ? fixEncoding(part) : part,
  );
}

/** Characters that bytes of UTF-8 turn into where Latin-1 or a Windows code page is taken for it. */
const misreadUtf8 = (() => {
  const pages = ['latin-1', 'windows-1250', 'windows-1251', 'windows-1252', 'windows-1253', 'windows-1254', 'windows-1257'].map(
    findCodePage,
  );
  const characters = (...bytes: number[]) =>
    [...new Set(pages.flatMap((page) => [...page.decode(String.fromCharCode(...bytes))]))].join('');
  const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const continuation = characters(...range(0x80, 0xbf));
  const meantAsItIs = /[–—―‘’‚“”„•…]/g; // likely in front of misread text without being part of it
  return new RegExp(
    `(?<![${continuation.replace(meantAsItIs, '')}])(?:` +
      `[${characters(...range(0xc2, 0xdf))}][${continuation} ]|` +
      `[${characters(...range(0xe0, 0xef))}][${continuation} ]{2}|` +
      `[${characters(0xf0, 0xf3)}][${continuation} ]{3})+`,
    'g',
  );
})();
