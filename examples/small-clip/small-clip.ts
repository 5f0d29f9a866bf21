import { type ClipConfig, type CompactTokenizer, compactVocabulary, createModel, createTokenizer, type Model } from '@fsc-clip/models';
import { colourNames, concepts, sceneSize } from '../emoji-scenes/index.js';

/** Text positions: the longest caption of a scene has 14 tokens, start and end included. */
const contextLength = 16;

/** A CLIP for emoji scenes, small enough to train on two cores, and its tokenizer. */
export interface SmallClip {
  readonly model: Model;
  readonly tokenizer: CompactTokenizer;
}

/** Builds it: 1.5 million parameters, and an embedding only for those of CLIP's own tokens that captions of scenes hold. */
export function createSmallClip(): SmallClip {
  const words = [...concepts, ...colourNames, 'a an and on above below to the left right of'];
  const tokenizer = compactVocabulary(createTokenizer({ contextLength }), words);
  const config: ClipConfig = {
    embed_dim: 128,
    vision_cfg: { image_size: sceneSize, patch_size: 16, width: 128, layers: 4, head_width: 32 },
    text_cfg: { context_length: contextLength, vocab_size: tokenizer.vocabularySize, width: 128, heads: 4, layers: 3 },
  };
  return { model: createModel(config), tokenizer };
}
