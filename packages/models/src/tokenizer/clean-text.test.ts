import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText } from './clean-text.js';
import { fixText } from './fix-text.js';
import { splitWords } from './split-words.js';
import { htmlReference, unescapeReference } from './unescape-html.js';

describe('unescapeReference', () => {
  it.each([
    ['&lt;b&gt; &ampx &notit; &hellip;', '<b> &x ¬it; …'],
    ['&#65;&#x42;&#67 &#128;&#x81;', 'ABC €\u0081'],
    ['&#0; &#xD800; &#1114112; &#99999999999999999999;', '\ufffd \ufffd \ufffd \ufffd'],
    ['a&#1;b&#x7f;c&#xfdd0;d&#x1ffff;e&#11;f', 'abcdef'], // characters that HTML forbids
    ['&EACUTE; &nosuch; & &; &# &#x;', '&EACUTE; &nosuch; & &; &# &#x;'],
    ['&CounterClockwiseContourIntegral;&ngE;', '∳≧̸'],
  ])('%j is %j, as in Python', (text, expected) => expect(text.replace(htmlReference, unescapeReference)).toBe(expected));
});

describe('fixText', () => {
  it.each([
    ['schÃ¶n, doesnâ€™t, ðŸ˜€', "schön, doesn't, 😀"],
    ['voilÃ  le travail', 'voilà le travail'], // the no-break blank of à had become a blank
    ['ÐŸÑ€Ð¸Ð²ÐµÑ‚', 'Привет'],
    ['ÃƒÂ©', 'é'], // twice
    ['caf√©', 'café'], // MacRoman
    ['caf√© – x', 'caf√© – x'], // where a dash is no first byte
    ['â€œ lost â€\ufffd x', '" lost \ufffd x'], // a byte that was lost
    ['price \x80 5', 'price € 5'],
    ['日本 cafÃ© 日本', '日本 café 日本'], // inside a text of another kind
    ['à la carte, über, Ærøskøbing, ¿qué?, 5 €', 'à la carte, über, Ærøskøbing, ¿qué?, 5 €'], // meant as it is
    ['&EACUTE;t&eacute; &nosuch;', 'Été &nosuch;'],
    ['&amp;\n<b>&amp;\n&amp;', '&\n<b>&amp;\n&amp;'], // HTML from the first line with a < on
    ['\ufb01ne “quotes” ’tis ｈａｌｆ ﾊﾟ', 'fine "quotes" \'tis half パ'],
    ['\x1b[31mred\x1b[0m\x07\ufeff a\r\nb\rc\u2028d', 'red a\nb\nc\nd'],
    ['e\u0301 \ud800x', 'é \ufffdx'],
    ['\u0344a', '\u0308\u0301a'], // a mark of no letter
  ])('%j becomes %j', (text, expected) => expect(fixText(text)).toBe(expected));
});

describe('cleanText', () => {
  it('puts small letters and single blanks', () => {
    expect(cleanText(' A\t\u00a0 Caf&amp;eacute;\n İ ')).toBe('a café i\u0307');
    expect(cleanText('')).toBe('');
  });

  it('treats plain text as any other text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -%'-~]*$/), (text) => {
        const expected = text.split(' ').filter(Boolean).join(' ').toLowerCase();
        expect(cleanText(text)).toBe(expected);
        expect(cleanText(`${text} 日`)).toBe(`${expected} 日`.trim());
      }),
    );
  });
});

describe('splitWords', () => {
  it('takes letters, single digits, contractions, the rest, and special tokens', () => {
    expect(splitWords("it's 2024!? they've<end_of_text>")).toEqual(['it', "'s", '2', '0', '2', '4', '!?', 'they', "'ve", '<end_of_text>']);
    expect(splitWords("é i'd")).toEqual(['é', 'i', "'d"]);
    expect(splitWords("größe ½ '\u017f 日本 😀!")).toEqual(['größe', '½', "'\u017f", '日本', '😀!']);
  });

  it('splits ASCII text the same way alone and beside other letters', () => {
    const part = fc.constantFrom("'s", "'", 'll', 'a', 'Z', '7', '!', ' ', '<start_of_text>', '<end_of_text>', '_', '~');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join('').toLowerCase();
        expect(splitWords(`${text} 日`)).toEqual([...splitWords(text), '日']);
      }),
    );
  });
});
