import { OptionError, type Params } from '@fsc-clip/core';
import { partitionParams } from '@fsc-clip/core/tensor';
import type { Model } from '../model/create-model.js';
import { isLayerNorm, layerGroup } from './layer-groups.js';

/** What is locked. A tower that is not named trains as a whole. */
export interface LockOptions {
  /** open_clip's `lock_image_tower`. */
  readonly image?: {
    /** How many groups train, counted from the output: 0 … layers + 2. */
    readonly unlockedGroups: number;
  };
  /** open_clip's `lock_text_tower`. */
  readonly text?: {
    /** How many groups train, counted from the output: 0 … layers + 2. The projection counts as one, as in open_clip. */
    readonly unlockedLayers: number;
    /**
     * `false`: the LayerNorms of locked groups train, as open_clip has it for its Hugging Face towers; its own towers refuse that.
     * @defaultValue true
     */
    readonly freezeLayerNorm?: boolean;
  };
}

/**
 * Splits weights as open_clip locks towers: those that train, and those that don't. Locked weights get no gradient, and what lies before
 * the first one that trains no backward pass; captured by a compiled step they are constants.
 *
 * The groups of a tower, from its input on: the embeddings (in the image tower with `ln_pre`), each residual block, the last one with the
 * LayerNorm behind it (`ln_post`, `ln_final`), and the projection. Locking the image tower whole is LiT (arXiv 2111.07991). `logit_scale`
 * and whatever else is in no tower trains. Adapters follow their weight; to train the adapters of the last groups alone, split the first
 * record again by `isLora`. open_clip takes a number above layers + 2 for all; here it is refused.
 *
 * @param params - whole weights, adapters too if there are any; nothing is copied
 * @returns the trainable and the frozen weights; `mergeParams` joins them again
 * @throws OptionError when no tower is named, or a number is not 0 … layers + 2
 * @example
 * const [trainable, frozen] = lockParams(model, params, { image: { unlockedGroups: 0 }, text: { unlockedLayers: 3 } });
 * const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer, frozen }), { donate: [0] });
 * let state = initTrainState(trainable, optimizer);
 */
export function lockParams<A>(
  { config }: Pick<Model, 'config'>,
  params: Params<A>,
  { image, text }: LockOptions,
): [trainable: Params<A>, frozen: Params<A>] {
  if (!image && !text) {
    throw new OptionError({ function: 'lockParams', argument: 'options', rule: 'must name a tower, `image` or `text`', got: 'neither' });
  }
  const layers = { image: config.vision_cfg.layers, text: config.text_cfg.layers };
  // The first group of each tower that trains.
  const first = {
    image: image ? firstUnlocked('image.unlockedGroups', image.unlockedGroups, layers.image) : 0,
    text: text ? firstUnlocked('text.unlockedLayers', text.unlockedLayers, layers.text) : 0,
  };
  const { freezeLayerNorm = true } = text ?? {};
  return partitionParams(params, (name) => {
    const place = layerGroup(name, layers);
    if (!place || place.group >= first[place.tower]) return true;
    return place.tower === 'text' && !freezeLayerNorm && isLayerNorm(name);
  });
}

function firstUnlocked(argument: string, unlocked: number, layers: number): number {
  const groups = layers + 2;
  if (Number.isInteger(unlocked) && unlocked >= 0 && unlocked <= groups) return groups - unlocked;
  const rule = `must be an integer from 0 to ${groups}, the groups of ${layers} layers`;
  throw new OptionError({ function: 'lockParams', argument, rule, got: String(unlocked) });
}
