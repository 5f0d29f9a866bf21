import { describeGolden } from '@fsc-clip/testdata';
import { expect, it } from 'vitest';
import { cleanText } from './clean-text.js';
import { createTokenizer } from './create-tokenizer.js';
import { fixText } from './fix-text.js';

interface TokenizerCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly cleaned: string;
  readonly decoded?: string;
  readonly ftfyChanged: boolean;
  readonly ftfyText?: string;
  readonly lengthBeforeTruncation?: number;
}

interface TokenizerArea {
  readonly contextLength: number;
  readonly startOfText: number;
  readonly endOfText: number;
  readonly vocabularySize: number;
  readonly shortContexts: readonly { text: string; context: number; ids: readonly number[] }[];
}

describeGolden<TokenizerCase, TokenizerArea>('tokenizer', ({ cases, json }) => {
  const tokenizer = createTokenizer({ contextLength: json.contextLength });
  const printed = (text: string) => JSON.stringify(text).slice(0, 60);

  it('has the size and the special tokens of the reference', () => {
    const { vocabularySize, startOfText, endOfText } = tokenizer;
    expect({ vocabularySize, startOfText, endOfText }).toEqual({
      vocabularySize: json.vocabularySize,
      startOfText: json.startOfText,
      endOfText: json.endOfText,
    });
  });

  it.each(cases.map((value, index) => ({ value, name: `${index} ${printed(value.text)}` })))('$name', ({ value }) => {
    expect(fixText(value.text)).toBe(value.ftfyChanged ? value.ftfyText : value.text);
    expect(cleanText(value.text)).toBe(value.cleaned);
    expect(tokenizer.encode(value.text)).toEqual(value.ids);
    expect(value.decoded === undefined).toBe(value.lengthBeforeTruncation !== undefined);
    if (value.decoded !== undefined) expect(tokenizer.decode(value.ids)).toBe(value.decoded);
    const batch = tokenizer.encodeBatch(['', value.text]);
    expect(batch.shape).toEqual([2, json.contextLength]);
    const padded = [...value.ids, ...Array(json.contextLength - value.ids.length).fill(0)];
    expect([...batch.data.subarray(json.contextLength)]).toEqual(padded);
  });

  it('cuts texts to short contexts', () => {
    expect(json.shortContexts.length).toBeGreaterThan(0);
    for (const { text, context, ids } of json.shortContexts) {
      expect(createTokenizer({ contextLength: context }).encode(text), text).toEqual(ids);
    }
  });
});
