import { createKey } from '@fsc-clip/core';
import { jit } from '@fsc-clip/engine';
import { createModel, exportOnnx, type OnnxVariant } from '@fsc-clip/models';

/** A small CLIP with CLIP's own vocabulary, in Hugging Face's layout. */
export async function exportSmallClip(folder: string, variants: readonly OnnxVariant[]) {
  const model = createModel({
    embed_dim: 16,
    vision_cfg: { image_size: 32, layers: 2, width: 32, patch_size: 8, head_width: 8 },
    text_cfg: { context_length: 77, vocab_size: 49408, width: 32, heads: 4, layers: 2 },
    quick_gelu: true,
  });
  const params = model.init(createKey(0));
  const exported = await exportOnnx(folder, params, { model, jit, variants });
  return { model, params, exported };
}
