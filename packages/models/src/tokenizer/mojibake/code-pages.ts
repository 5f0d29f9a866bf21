/** An encoding of one byte per character, in both directions. */
export interface CodePage {
  readonly name: string;
  /** The character of a byte, or of every byte of a string of bytes (as Latin-1 characters). */
  decode(bytes: string): string;
  /** The bytes, as Latin-1 characters; undefined when a character is not in the code page. */
  encode(text: string): string | undefined;
  /** Whether U+FFFD stands for a byte that was lost, written as byte 1A. */
  readonly lossy: boolean;
}

/** What bytes 80–FF mean (unicode.org/Public/MAPPINGS). `_` and unassigned bytes are the Latin-1 character of the same number. */
const upperHalves = {
  'windows-1252':
    '€_‚ƒ„…†‡ˆ‰Š‹Œ_Ž__‘’“”•–—˜™š›œ_žŸ_¡¢£¤¥¦§¨©ª«¬_®¯°±²³´µ¶·¸¹º»¼½¾¿' + 'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ',
  'windows-1251':
    'ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—_™љ›њќћџ_ЎўЈ¤Ґ¦§Ё©Є«¬_®Ї°±Ііґµ¶·ё№є»јЅѕї' + 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя',
  'windows-1250':
    '€_‚_„…†‡_‰Š‹ŚŤŽŹ_‘’“”•–—_™š›śťžź_ˇ˘Ł¤Ą¦§¨©Ş«¬_®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż' + 'ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙',
  'windows-1253':
    '€_‚ƒ„…†‡_‰_‹_____‘’“”•–—_™_›_____΅Ά£¤¥¦§¨©ª«¬_®―°±²³΄µ¶·ΈΉΊ»Ό½ΎΏ' + 'ΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡÒΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώÿ',
  'windows-1254':
    '€_‚ƒ„…†‡ˆ‰Š‹Œ____‘’“”•–—˜™š›œ__Ÿ_¡¢£¤¥¦§¨©ª«¬_®¯°±²³´µ¶·¸¹º»¼½¾¿' + 'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ',
  'windows-1257':
    '€_‚_„…†‡_‰_‹_¨ˇ¸_‘’“”•–—_™_›_¯˛__¡¢£¤¥¦§Ø©Ŗ«¬_®Æ°±²³´µ¶·ø¹ŗ»¼½¾æ' + 'ĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙',
  'iso-8859-2':
    '_________________________________Ą˘Ł¤ĽŚ§¨ŠŞŤŹ_ŽŻ°ą˛ł´ľśˇ¸šşťź˝žż' + 'ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙',
  macintosh:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ',
  cp437:
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
    '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
};

const latin1 = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

function codePage(name: string, upperHalf: string, lossy: boolean): CodePage {
  const characters = latin1.map((same, byte) => {
    if (byte === 0x1a && lossy) return '\ufffd';
    const character = byte < 128 ? '_' : upperHalf[byte - 128]!;
    return character === '_' ? same : character;
  });
  const bytes = new Map(characters.map((character, byte) => [character, latin1[byte]!]));
  return {
    name,
    lossy,
    decode: (encoded) => encoded.replace(/./gs, (byte) => characters[byte.charCodeAt(0)]!),
    encode: (text) => {
      let encoded = '';
      for (const character of text) {
        const byte = bytes.get(character);
        if (byte === undefined) return undefined;
        encoded += byte;
      }
      return encoded;
    },
  };
}

/** The code pages in which UTF-8 is commonly misread, in the order in which to try them. */
export const codePages: readonly CodePage[] = [
  codePage('latin-1', '_'.repeat(128), false),
  ...Object.entries(upperHalves).map(([name, upperHalf]) => codePage(name, upperHalf, name.startsWith('windows'))),
];

/** Looks a code page up by its name. */
export function findCodePage(name: string): CodePage {
  return codePages.find((page) => page.name === name)!;
}
