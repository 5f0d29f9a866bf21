import { combineGenerators } from './combine.js';
import type { NegativeGenerator } from './generator.js';
import { type ReplaceOptions, replaceNegatives } from './replace.js';
import { ngramShuffle } from './shuffle.js';
import { swapNegatives } from './swap.js';

/** Options of all three generators. */
export type FscClipNegativesOptions = ReplaceOptions;

/**
 * The three negatives that FSC-CLIP trains with (arXiv 2410.05210, section 4.1): one swap, one replacement, one shuffle of pairs of words.
 * K = 3, `types` is `['swap', 'replace', 'shuffle2']`.
 * @example
 * const negatives = fscClip();
 * negatives.generate('a car on purple and a blowfish on white', foldIn(createKey(0), epoch, sampleId));
 */
export function fscClip(options: FscClipNegativesOptions = {}): NegativeGenerator {
  return combineGenerators(swapNegatives(options), replaceNegatives(options), ngramShuffle(2, options));
}
