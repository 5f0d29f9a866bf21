import { describe, expect, it } from 'vitest';
import { compactVocabulary } from './compact-vocabulary.js';
import { createTokenizer } from './create-tokenizer.js';

const clip = createTokenizer({ contextLength: 8 });

describe('compactVocabulary', () => {
  const texts = ['a cat on a dog', 'wow!! a cat'];
  const small = compactVocabulary(clip, texts);

  it('numbers the tokens 1…V in their order, end-of-text last', () => {
    const used = [...new Set(texts.flatMap((text) => clip.encode(text)))].sort((a, b) => a - b);
    expect(small.ids).toEqual(used);
    expect(small.vocabularySize).toBe(used.length + 1);
    expect(small.endOfText).toBe(used.length);
    expect(small.startOfText).toBe(used.length - 1);
    expect(small.contextLength).toBe(8);
    for (const text of texts) {
      expect(small.encode(text).map((id) => small.ids[id - 1])).toEqual(clip.encode(text));
      expect(small.decode(small.encode(text))).toBe(clip.decode(clip.encode(text)));
      expect(small.encodeWords(text)).toEqual({ ...clip.encodeWords(text), ids: small.encode(text) });
    }
    const { data, shape } = small.encodeBatch(texts);
    expect(shape).toEqual([2, 8]);
    expect([...data.subarray(8)]).toEqual([...small.encode(texts[1]!), 0, 0, 0].slice(0, 8));
    expect(small.decode(data.subarray(8))).toBe('wow !! a cat ');
    expect(small.decodeWords(data.subarray(8))).toEqual(clip.decodeWords(clip.encodeBatch(texts).data.subarray(8)));
    expect(() => small.decode([small.startOfText, 0, small.endOfText])).toThrow('got 0');
  });

  it('gives the end-of-text of every text as the largest id', () => {
    for (const text of texts) expect(small.encode(text).indexOf(Math.max(...small.encode(text)))).toBe(small.encode(text).length - 1);
  });

  it('comes back from its saved ids', () => {
    const again = compactVocabulary(clip, JSON.parse(JSON.stringify(small.ids)) as number[]);
    expect(again.ids).toEqual(small.ids);
    expect(again.encode(texts[0]!)).toEqual(small.encode(texts[0]!));
  });

  it('names the word that it does not hold', () => {
    expect(() => small.encode('a cat on a zebra')).toThrow(
      'encode: `text` must be of tokens in the compact vocabulary of 8, got the word "zebra" in "a cat on a zebra". Make the vocabulary from all texts that will be encoded',
    );
    expect(() => small.encodeBatch(['a cat', 'a bird'])).toThrow('"bird"');
  });

  it('refuses ids that are none', () => {
    expect(() => compactVocabulary(clip, [49408])).toThrow(
      'compactVocabulary: `tokensOrTexts` must hold texts or ids in [0, 49408), got 49408',
    );
    expect(() => compactVocabulary(clip, [1.5])).toThrow('got 1.5');
    expect(() => small.decode([small.vocabularySize])).toThrow('decode: `ids` must be integers in [1, 8], got 9');
  });
});
