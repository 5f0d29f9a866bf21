import { decodeHTML, decodeHTMLStrict } from 'entities';

/** HTML's named and numbered characters, also where the semicolon is missing. */
export const htmlReference = /&(?:#(?:[0-9]+|[xX][0-9a-fA-F]+);?|[^\t\n\f <&#;]{1,32};?)/g;

/** What a `htmlReference` stands for: `html.unescape` of Python, which follows HTML 5 but drops numbers of characters that HTML forbids. */
export function unescapeReference(reference: string): string {
  return reference[1] === '#' ? numberedCharacter(reference) : decodeHTML(reference);
}

/** The same for text that is not sure to be HTML, as ftfy does it: only complete references with their semicolon, */
export const wholeReference = /&#?[0-9A-Za-z]{1,24};/g;

/** and names of letters that were put into capitals with the text around them (`&EACUTE;`). */
export function unescapeWholeReference(reference: string): string {
  const unescaped = reference.replace(htmlReference, unescapeReference);
  if (reference[1] === '#') return unescaped.includes(';') ? reference : unescaped;
  const character = decodeHTMLStrict(reference);
  if (character !== reference || unescaped !== reference) return character;
  const small = reference.toLowerCase();
  const smallCharacter = decodeHTMLStrict(small);
  return smallCharacter !== small && small.toUpperCase() === reference ? smallCharacter.toUpperCase() : reference;
}

function numberedCharacter(reference: string): string {
  const digits = reference.replace(/^&#|;$/g, '');
  const point = /^x/i.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
  if (point === 0x0d) return '\r';
  if (point >= 0x80 && point <= 0x9f) return decodeHTML(`&#${point};`); // meant as Windows-1252
  if (point === 0 || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return '\ufffd';
  const forbidden =
    point < 0x09 || point === 0x0b || (point > 0x0d && point < 0x20) || point === 0x7f || (point >= 0xfdd0 && point <= 0xfdef);
  return forbidden || (point & 0xfffe) === 0xfffe ? '' : String.fromCodePoint(point);
}
