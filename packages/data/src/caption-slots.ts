import { checkShapes, type HostArray, type Key, OptionError } from '@fsc-clip/core';
import type { NegativeGenerator, Tokenizer } from './negative-generator.js';
import type { Sample } from './sample.js';

/**
 * Tokens of B captions and their K negatives in static slots, type-major: N = B·(1+K) rows. A slot is empty, a row of zeros with mask 0, where no negative
 * was found or where its tokens are those of the caption itself.
 *
 * @returns texts i32 [N, T] and negativeMask f32 [K, B]
 */
export async function captionSlots(
  samples: readonly Sample[],
  keys: readonly Key[],
  negatives: NegativeGenerator | undefined,
  tokenizer: Tokenizer,
): Promise<{ texts: HostArray<Int32Array>; negativeMask: HostArray<Float32Array> }> {
  const B = samples.length;
  const K = negatives?.types.length ?? 0;
  const T = tokenizer.contextLength;
  const texts: string[] = samples.map(({ caption }) => caption);
  const rows: number[] = samples.map((_, image) => image); // rows[i]: where the i-th text goes
  if (negatives) {
    for (const [image, sample] of samples.entries()) {
      const found = await negatives.generate(sample.caption, keys[image]!, sample);
      if (found.length !== K) {
        const rule = `must return one text or null for each of its ${K} types`;
        throw new OptionError({ function: 'batches', argument: 'negatives', rule, got: `${found.length} for ${sample.key}` });
      }
      for (const [slot, text] of found.entries()) {
        if (text === null || text.trim() === '') continue;
        texts.push(text);
        rows.push(B * (1 + slot) + image);
      }
    }
  }
  const encoded = tokenizer.encodeBatch(texts);
  checkShapes('batches', { 'tokenizer.encodeBatch(texts)': [encoded, `${texts.length} ${T}`] });
  const ids = new Int32Array(B * (1 + K) * T);
  const mask = new Float32Array(K * B);
  for (const [i, row] of rows.entries()) {
    const tokens = encoded.data.subarray(i * T, (i + 1) * T);
    if (row >= B && sameTokens(tokens, encoded.data.subarray((row % B) * T, ((row % B) + 1) * T))) continue;
    ids.set(tokens, row * T);
    if (row >= B) mask[row - B] = 1;
  }
  return { texts: { data: ids, shape: [B * (1 + K), T] }, negativeMask: { data: mask, shape: [K, B] } };
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  return a.every((token, position) => token === b[position]);
}
