import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from './create-tokenizer.js';
import { clipMerges } from './vocabulary.js';

const { encode, encodeBatch, encodeWords, decode, decodeWords, vocabularySize, startOfText, endOfText } = createTokenizer();

describe('createTokenizer', () => {
  it('encodes by hand, with a vocabulary of three merges', () => {
    // Bytes first: a = 64, b = 65, c = 66 of the table that starts at "!"; 256 more at a word's end. Then ab = 512, ab c</w> = 513, b c</w> = 514.
    const vocabulary = ['a b', 'ab c</w>', 'b c</w>'];
    const tiny = createTokenizer({ vocabulary, contextLength: 8 });
    expect([tiny.vocabularySize, tiny.startOfText, tiny.endOfText]).toEqual([517, 515, 516]);
    expect(tiny.encode('abc')).toEqual([515, 513, 516]); // ab merges before bc
    expect(tiny.encode('bc')).toEqual([515, 514, 516]);
    expect(tiny.encode('ABAB a')).toEqual([515, 512, 64, 65 + 256, 64 + 256, 516]); // the last b ends a word, so it is no "b" of "a b"
    expect([...tiny.encodeBatch(['abc', '']).data]).toEqual([515, 513, 516, 0, 0, 0, 0, 0, 515, 516, 0, 0, 0, 0, 0, 0]);
    expect(tiny.decode([515, 513, 512, 321, 516, 0, 0])).toBe('abc abb ');
  });

  it('holds the merges of the reference', () => {
    const merges = clipMerges();
    expect(createHash('sha256').update(merges.join('\n')).digest('hex')).toBe(
      'f61f2adf497e6f5357c347aeb4646fabe82f341e946de5bdec5d2858e41bef4a',
    );
    expect(vocabularySize).toBe(512 + merges.length + 2);
  });

  it('encodes what the reference encodes', () => {
    expect(encode('a photo of a cat')).toEqual([49406, 320, 1125, 539, 320, 2368, 49407]);
    expect(encode("It's 2024!")).toEqual([49406, 585, 568, 273, 271, 273, 275, 256, 49407]);
    expect(encode('')).toEqual([startOfText, endOfText]);
  });

  it('keeps words apart from the names that JavaScript objects have', () => {
    expect(decode(encode('constructor __proto__ toString'))).toBe('constructor __ proto __ tostring ');
  });

  it('tells which tokens each word became, and leaves out what the context cuts off', () => {
    const { ids, words } = encodeWords("Two umbrellas' zxqjvkw!");
    expect(ids).toEqual(encode("Two umbrellas' zxqjvkw!"));
    expect(words.map(({ word }) => word)).toEqual(['two', 'umbrellas', "'", 'zxqjvkw', '!']);
    for (const { word, begin, end } of words) expect(decode(ids.slice(begin, end))).toBe(`${word} `);
    expect(words[0]!.begin).toBe(1);
    expect(words.at(-1)!.end).toBe(ids.length - 1);
    for (let i = 1; i < words.length; i++) expect(words[i]!.begin).toBe(words[i - 1]!.end);

    const short = createTokenizer({ contextLength: 5 });
    expect(encode('a zxqjvkw cat').length).toBeGreaterThan(5);
    expect(short.encodeWords('a zxqjvkw cat').words).toEqual([
      { word: 'a', begin: 1, end: 2, span: [0, 1] },
      { word: 'zxqjvkw', begin: 2, end: 4, span: [2, 9] },
    ]);
    const nothing = {
      ids: [startOfText, endOfText],
      words: [],
      spans: [
        [0, 0],
        [5, 5],
      ],
    };
    expect(createTokenizer({ contextLength: 2 }).encodeWords('a cat')).toEqual(nothing);
  });

  it.each([
    ["  Two  DOGS'\ttoys", ['Two', 'DOGS', "'", 'toys']],
    ['a caf&eacute; &amp;amp; bar', ['a', 'caf&eacute;', '&amp;amp;', 'bar']],
    ['schÃ¶n, doesnâ€™t', ['schÃ¶n', ',', 'doesn', 'â€™t']],
    ['cafÃƒÂ© x', ['cafÃƒÂ©', 'x']], // misread twice
    ['日本 cafÃ© 日', ['日本', 'cafÃ©', '日']], // inside a text of another kind
    ['voilÃ  le ﬁne ｈａｌｆ', ['voilÃ ', 'le', 'ﬁne', 'ｈａｌｆ']],
    ['cafe\u0301s\u200b \x1b[31mred\x1b[0m 😀!\r\nİ', ['cafe\u0301s', '\u200b', 'red', '😀!', 'İ', 'İ']], // a letter and its dot
    ['\u1112\u1161\u11ab글 가\u11a8', ['\u1112\u1161\u11ab글', '가\u11a8']], // Hangul in pieces
  ])('finds the words of %j where they stood', (text, expected) => {
    const { ids, words, spans } = encodeWords(text);
    expect(words.map(({ span }) => text.slice(...span))).toEqual(expected);
    expect(spans).toHaveLength(ids.length);
    for (const { begin, end, span } of words) expect([spans[begin]![0], spans[end - 1]![1]]).toEqual(span);
  });

  it('finds tokens inside a word, characters whole', () => {
    const { words, spans } = encodeWords('Xzxqj 日本');
    const parts = ({ begin, end }: { begin: number; end: number }) => spans.slice(begin, end).map((span) => 'Xzxqj 日本'.slice(...span));
    expect(parts(words[0]!).join('')).toBe('Xzxqj');
    expect(parts(words[0]!).length).toBeGreaterThan(1);
    expect(new Set(parts(words[1]!))).toEqual(new Set(['日', '本']));
    const half = encodeWords('ꭰ'); // three bytes, no token of its own
    expect(half.spans.slice(1, -1).map(String)).toEqual(Array(half.ids.length - 2).fill('0,1'));
    expect(half.ids.length).toBeGreaterThan(3);
  });

  it('decodes to words with the positions of their tokens', () => {
    const row = encodeBatch(["Two umbrellas' <start_of_text> zxqjvkw!"]).data;
    const { text, words } = decodeWords(row);
    expect(text).toBe(decode(row));
    expect(words.map(({ word }) => word)).toEqual(['two', 'umbrellas', "'", '<start_of_text>', 'zxqjvkw', '!']);
    for (const { word, begin, end, span } of words) {
      expect(text.slice(...span)).toBe(word);
      expect(
        decode([320, ...row.slice(begin, end)])
          .slice(2)
          .trim(),
      ).toBe(word);
    }
    expect(decodeWords([])).toEqual({ text: '', words: [] });
    expect(decodeWords(encode('ꭰ').slice(1, -2)).words).toEqual([{ word: '\ufffd', begin: 0, end: 2, span: [0, 1] }]);
  });

  it('decodes without start, end and padding, and puts U+FFFD for half a character', () => {
    expect(decode(encodeBatch(['a cat']).data)).toBe('a cat ');
    expect(decode([320])).toBe('a ');
    expect(decode([])).toBe('');
    const half = encode('ꭰ').slice(1, -2); // all bytes but the last
    expect(half.length).toBeGreaterThan(0);
    expect(decode(half)).toBe('\ufffd');
  });

  it('refuses bad options and ids', () => {
    expect(() => createTokenizer({ contextLength: 1 })).toThrow('createTokenizer: `contextLength` must be an integer of at least 2, got 1');
    expect(() => createTokenizer({ vocabulary: ['a b', 'abc d'] })).toThrow(
      'createTokenizer: `vocabulary[1]` must be two earlier tokens with a blank between them that make a new token, got "abc d"',
    );
    expect(() => createTokenizer({ vocabulary: ['a b', 'a b'] })).toThrow('`vocabulary[1]`');
    expect(() => createTokenizer({ vocabulary: ['ab'] })).toThrow('`vocabulary[0]`');
    expect(() => decode([49408])).toThrow('decode: `ids` must be integers in [0, 49408), got 49408');
    expect(() => decode([-1])).toThrow('got -1');
    expect(() => encodeBatch(['a', null as never])).toThrow('encode: `text` must be a string, got null');
  });

  const anyText = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
    fc.array(fc.constantFrom("'", 's', 'll', 'RE', '!', '7', '  ', '<', 'start_of_text>', 'Two')).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)), // lone surrogates
    fc
      .array(fc.constantFrom('&', 'amp;', '#', '<', 'Ã', '©', 'â€', 'œ', '\ufffd', ' ', 'a', '\x1b['), { maxLength: 40 })
      .map((parts) => parts.join('')),
  );

  it('gives a row of the right form for any string', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 20 }), (text, contextLength) => {
        const tokenizer = createTokenizer({ contextLength });
        const { ids, words, spans } = tokenizer.encodeWords(text);
        expect(tokenizer.encode(text)).toEqual(ids);
        expect([...tokenizer.encodeBatch([text]).data]).toEqual([...ids, ...Array(contextLength - ids.length).fill(0)]);
        expect(ids[0]).toBe(startOfText);
        expect(ids.at(-1)).toBe(endOfText);
        expect(ids.length).toBeLessThanOrEqual(contextLength);
        expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < vocabularySize)).toBe(true);
        expect(words.reduce((sum, { begin, end }) => sum + end - begin, 0)).toBe(ids.length - 2);
        expect(decode(ids)).not.toMatch(/\p{Surrogate}/u);
        expect(decodeWords(ids).text).toBe(decode(ids));
        expect(spans).toHaveLength(ids.length);
        for (let i = 1; i < spans.length; i++) {
          expect(spans[i]![0]).toBeGreaterThanOrEqual(spans[i - 1]![0]);
          expect(spans[i]![1]).toBeGreaterThanOrEqual(spans[i]![0]);
        }
        expect(spans.at(-1)).toEqual([text.length, text.length]);
      }),
      { numRuns: 1000 },
    );
  });

  it('decodes to a text that encodes to the same ids', () => {
    const word = fc.stringMatching(
      /^(?:[a-z]{1,12}|[A-Z][a-z]{1,8}|[0-9]{1,4}|[éßñ日本кот]{1,4}|[-,.!?]{1,2}|[a-z]{2,5}'(?:s|t|re|ve|m|ll|d))$/,
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        const ids = encode(words.join(' '));
        expect(encode(decode(ids))).toEqual(ids);
      }),
      { numRuns: 500 },
    );
  });
});
