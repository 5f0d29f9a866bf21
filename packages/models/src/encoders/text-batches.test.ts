import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TextBatch, type TextShapes, textBatches, textShapes } from './text-batches.js';

const context = 40;
/** A text of so many tokens, unlike any other: nothing is shared. */
const text = (length: number, name: number) => Array.from({ length }, (_, i) => 100 * name + i + 1);

async function batchesOf(texts: readonly number[][], batchSize: number, shapes: TextShapes): Promise<TextBatch[]> {
  async function* source() {
    yield* texts;
  }
  const batches: TextBatch[] = [];
  for await (const batch of textBatches(source(), batchSize, () => shapes)) batches.push(batch);
  return batches;
}

describe('textShapes', () => {
  it('begins with what suits the sample and grows to the longest text', () => {
    const sample = [7, 7, 7, 7].map(text);
    expect(textShapes(sample, context, 64)).toEqual({
      count: 4,
      shapes: [
        { rows: 2, rowLength: 16, textLength: context }, // two texts a row, 14 of 16 positions
        { rows: 1, rowLength: 32, textLength: context },
        { rows: 1, rowLength: 40, textLength: context },
      ],
    });
  });
});

describe('textBatches', () => {
  const shapes: TextShapes = {
    count: 4,
    shapes: [
      { rows: 2, rowLength: 16, textLength: context },
      { rows: 1, rowLength: 40, textLength: context },
    ],
  };
  const summary = ({ packed, filled }: TextBatch) => ({ filled, rows: packed.ids.shape, texts: packed.endIndex.shape });

  it('leaves to the next batch what does not fit', async () => {
    const texts = [8, 8, 8, 8, 16, 16, 2, 2, 2].map(text);
    expect((await batchesOf(texts, 4, shapes)).map(summary)).toEqual([
      { filled: 4, rows: [2, 16], texts: [4] },
      { filled: 2, rows: [2, 16], texts: [4] },
      { filled: 3, rows: [2, 16], texts: [4] },
    ]);
  });

  it('takes longer rows for a text that is longer than a row', async () => {
    expect((await batchesOf([3, 17].map(text), 4, shapes)).map(summary)).toEqual([{ filled: 2, rows: [1, 40], texts: [4] }]);
  });

  it('writes every text once, in order, and ends it where it ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: context }), { minLength: 1, maxLength: 20 }), async (lengths) => {
        const texts = lengths.map(text);
        const ends: number[] = [];
        for (const { packed, filled } of await batchesOf(texts, 4, shapes))
          for (const place of packed.endIndex.data.slice(0, filled)) ends.push(packed.ids.data[place]!);
        expect(ends).toEqual(texts.map((ids) => ids.at(-1)));
      }),
    );
  });
});
