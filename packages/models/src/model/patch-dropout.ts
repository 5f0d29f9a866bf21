import { OptionError } from '@fsc-clip/core';
import { foldInKey, uniform } from '@fsc-clip/core/tensor';
import { add, concat, neg, range, reshape, scalar, type Tensor1D, type Tensor2D, tidy, topk, zeros } from '@tensorflow/tfjs-core';

/** Patches left out of the image tower while training, as FLIP does (arXiv 2212.00794): half of them cost about half the time. */
export interface PatchDropout {
  /**
   * Share of the patches that are left out, in [0, 1). Of P, `max(1, ⌊P · (1 − rate)⌋)` are kept.
   * @defaultValue the config's `vision_cfg.patch_dropout`
   */
  readonly rate?: number;
  /** i32 [2], an input of the program: another one for every step. */
  readonly key: Tensor1D;
}

/** The patches that the tower sees, of every image as many, in the order in which they lie in the image. */
export interface KeptPatches {
  /** i32 [B · kept]: rows among the patches of all images. */
  readonly patches: Tensor1D;
  /** i32 [B · (1 + kept)]: rows of the positional embedding, the class token's before those of each image's patches. */
  readonly positions: Tensor1D;
}

/** How many of P patches are kept: open_clip's PatchDropout rounds down and keeps one at least. */
export function keptCount(patches: number, rate: number): number {
  return Math.max(1, Math.trunc(patches * (1 - rate)));
}

/**
 * Draws which patches are kept: for each image on its own, those with the largest of P uniform numbers.
 *
 * @param count - P, the patches of an image
 * @throws OptionError when the rate is not in [0, 1)
 */
export function keepPatches(caller: string, batch: number, count: number, { rate, key }: Required<PatchDropout>): KeptPatches {
  if (!(rate >= 0 && rate < 1)) {
    throw new OptionError({ function: caller, argument: 'patchDropout.rate', rule: 'must be in [0, 1)', got: String(rate) });
  }
  const kept = keptCount(count, rate);
  return tidy(() => {
    const drawn = topk(uniform(foldInKey(key, 'patchDropout'), [batch, count]), kept).indices; // [B, kept]
    const inOrder = neg(topk(neg(drawn), kept).values) as Tensor2D;
    const starts = reshape(range(0, batch * count, count, 'int32'), [batch, 1]);
    return {
      patches: reshape(add(inOrder, starts), [batch * kept]) as Tensor1D,
      positions: reshape(concat([zeros([batch, 1], 'int32'), add(inOrder, scalar(1, 'int32'))], 1), [batch * (kept + 1)]) as Tensor1D,
    };
  });
}
