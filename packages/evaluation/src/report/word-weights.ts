import { checkShapes, DataError, type HostArray } from '@fsc-clip/core';
import type { AlignmentMap } from './report-data.js';

/**
 * The weights of whole words from those of tokens: the mean over a word's tokens. For `AlignmentMap.words`.
 *
 * @param tokenWeights - f32 [T, P], one text's weights over patches: `alignmentMap` of `@fsc-clip/losses`, read back
 * @param words - each word with its tokens' positions, from `begin` up to but not including `end`: `encodeWords` of a tokenizer
 * @returns one entry per word, weights f32 [P]
 * @throws ShapeError when `tokenWeights` is no matrix
 * @throws DataError when a word's positions are not in [0, T), or there are none
 * @example
 * const words = wordWeights({ data: Float32Array.of(0, 1, 1, 0), shape: [2, 2] }, [{ word: 'cat', begin: 0, end: 2 }]);
 * words[0]?.weights; // [0.5, 0.5]
 */
export function wordWeights(
  tokenWeights: HostArray<Float32Array>,
  words: readonly { readonly word: string; readonly begin: number; readonly end: number }[],
): AlignmentMap['words'] {
  const { T, P } = checkShapes('wordWeights', { tokenWeights: [tokenWeights, 'T P'] });
  return words.map(({ word, begin, end }) => {
    if (!(begin >= 0 && begin < end && end <= T)) {
      throw new DataError({
        function: 'wordWeights',
        argument: 'words',
        rule: `must have at least one position in [0, ${T})`,
        got: `[${begin}, ${end}) for '${word}'`,
      });
    }
    const weights = new Float32Array(P);
    for (let token = begin; token < end; token++) {
      for (let patch = 0; patch < P; patch++) weights[patch]! += tokenWeights.data[token * P + patch]! / (end - begin);
    }
    return { word, weights };
  });
}
