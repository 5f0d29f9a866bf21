import { whitespace } from '../whitespace.js';

/**
 * Kinds of the few hundred characters that misread UTF-8 is made of, as the insides of regular-expression classes.
 * The kinds and the rules below are those of ftfy 6.3.1's `badness` heuristic (Robyn Speer, Apache-2.0, see LICENSE.txt here).
 */
const kinds = {
  common: '\u00a0\u00ad·´–—―…’',
  control: '\u0080-\u009f',
  bad: '¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº',
  law: '¶§',
  currency: '¢£¥₧€',
  opening: '¡«¿©΄΅‘‚“„•‹\uf8ff',
  closing: '®»˝”›™',
  numeric: '²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№',
  faces: 'Ò-ÖÙ-Üò-öø-üŐŌŪŲ°', // letters that stand in emoticons
  upper: 'À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ',
  lower: 'ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґ\ufb01\ufb02',
  upperGreekCyrillic: 'ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я',
  lowerGreekCyrillic: 'α-ωάέήίΰа-џ',
  box: '│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓',
};

const any = (...names: (keyof typeof kinds)[]) => `[${names.map((name) => kinds[name]).join('')}]`;
const arabicSecond = `[${kinds.common}${kinds.currency}${kinds.bad}${kinds.numeric}${kinds.opening}ŸŠ®°µ»]`;
const cyrillicSecond = `[${kinds.control}${kinds.bad}${kinds.opening}${kinds.closing}${kinds.currency}°`;

/** Neighbours that people hardly ever write on purpose, and that misread UTF-8 is full of. */
const unlikely = [
  any('control'),
  any('bad', 'lower', 'upper', 'box', 'opening', 'closing', 'currency', 'numeric', 'law') + any('bad'),
  `[a-zA-Z]${any('lowerGreekCyrillic', 'upperGreekCyrillic')}${any('bad')}`,
  any('bad') + any('lower', 'upper', 'box', 'opening', 'closing', 'currency', 'numeric', 'law'),
  any('lower', 'lowerGreekCyrillic', 'box', 'closing', 'currency', 'numeric') + any('upper'),
  any('box', 'closing', 'currency', 'numeric') + any('lower'),
  any('lower', 'box', 'closing') + any('currency'),
  `[${whitespace}]${any('upper')}${any('currency')}`,
  any('upper', 'box') + any('numeric', 'law'),
  any('lower', 'upper', 'box', 'currency', 'closing') + any('opening') + any('numeric'),
  any('lower', 'upper', 'currency', 'numeric', 'box', 'law') + any('closing') + any('opening'),
  any('currency', 'numeric', 'box') + any('opening'),
  `[a-z]${any('upper')}${any('opening', 'currency')}`,
  any('box') + any('faces'),
  any('lower', 'upper', 'currency', 'numeric', 'opening', 'closing', 'law') + any('box'),
  any('box') + any('closing'),
  `${any('lower', 'upper')}${any('opening', 'closing')}[\\p{L}\\p{N}_]`,
  '[Œœ][^A-Za-z]', // a ligature in front of no plain letter
  `${any('upper')}°`,
  // Windows-1252: two-byte characters; Arabic, of which four characters must fit; the South Asian scripts; à, á and the blank
  `[ÂÃÎÐ][€œŠš¢£Ÿž\u00a0\u00ad®©°·»${kinds.opening}${kinds.closing}–—´]`,
  '×[²³]',
  `(?:[ØÙ]${arabicSecond}){2}`,
  'à[²µ¹¼½¾]',
  'Ã[\u00a0¡]',
  `[a-z][${whitespace}]?[ÃÂ] `,
  '^[ÃÂ] ',
  `[a-z.,?!${kinds.closing}]Â[ ${kinds.opening}${kinds.closing}]`,
  // MacRoman
  '√[±∂†≠®™´≤≥¥µø]',
  '≈[°¢]',
  '‚Ä[ìîïòôúùû†°¢π]',
  '‚[âó][àä°ê]',
  // Windows-1251, 1253 and 1257: punctuation, then letters, of which more must fit because each pair is common
  'вЂ',
  `[ВГРС]${cyrillicSecond}µ][ВГРС]`,
  'ГўВЂВ[^\\n][A-Za-z ]',
  'β€[™\u00a0Ά\u00ad®°]',
  `[ΒΓΞΟ]${cyrillicSecond}][ΒΓΞΟ]`,
  'ā€',
];

const anyUnlikely = new RegExp(unlikely.join('|'), 'u');

/** Whether a text holds neighbours that are much likelier to be UTF-8 read in a wrong encoding than to be meant. */
export function looksLikeMojibake(text: string): boolean {
  return anyUnlikely.test(text);
}
