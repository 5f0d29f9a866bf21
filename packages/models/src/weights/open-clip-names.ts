import { type HostArray, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { type LazyArray, type LazyWeights, readAll } from './lazy-weights.js';

/**
 * The same weights under open_clip's names: prefixes of wrappers (`module.`, `text.`) taken off, transformers' CLIPModel renamed, its
 * q, k, v joined and its projections transposed, buffers that are no weights left out. Other names stay as they are.
 */
export function openClipNames(weights: LazyWeights): LazyWeights {
  const names = Object.keys(weights);
  const stripped = names[0]?.startsWith('module.') ? renamed(weights, (name) => name.replace(/^module\./, '')) : weights;
  const plain = createParams(Object.entries(stripped).filter(([name]) => !buffers.test(name)));
  const huggingFace = Object.keys(plain).some((name) => /^(vision|text)_model\./.test(name));
  return huggingFace ? fromHuggingFace(plain) : renamed(plain, (name) => name.replace(customText, ''));
}

/** What OpenAI's and older transformers files hold besides weights. */
const buffers = /^(input_resolution|context_length|vocab_size|attn_mask)$|(^|\.)position_ids$/;

/** open_clip's custom-text models keep the text tower below `text.`. */
const customText = /^text\.(?=positional_embedding$|text_projection$|token_embedding\.|transformer\.|ln_final\.)/;

function renamed(weights: LazyWeights, rename: (name: string) => string): LazyWeights {
  return createParams(Object.entries(weights).map(([name, array]) => [rename(name), array] as const));
}

const outside: ReadonlyMap<string, string> = new Map([
  ['vision_model.embeddings.class_embedding', 'visual.class_embedding'],
  ['vision_model.embeddings.patch_embedding.weight', 'visual.conv1.weight'],
  ['vision_model.embeddings.position_embedding.weight', 'visual.positional_embedding'],
  ['vision_model.pre_layrnorm.weight', 'visual.ln_pre.weight'], // spelled so in transformers
  ['vision_model.pre_layrnorm.bias', 'visual.ln_pre.bias'],
  ['vision_model.post_layernorm.weight', 'visual.ln_post.weight'],
  ['vision_model.post_layernorm.bias', 'visual.ln_post.bias'],
  ['text_model.embeddings.token_embedding.weight', 'token_embedding.weight'],
  ['text_model.embeddings.position_embedding.weight', 'positional_embedding'],
  ['text_model.final_layer_norm.weight', 'ln_final.weight'],
  ['text_model.final_layer_norm.bias', 'ln_final.bias'],
]);
const transposed: ReadonlyMap<string, string> = new Map([
  ['visual_projection.weight', 'visual.proj'],
  ['text_projection.weight', 'text_projection'],
]);
const inside: ReadonlyMap<string, string> = new Map([
  ['self_attn.out_proj', 'attn.out_proj'],
  ['layer_norm1', 'ln_1'],
  ['layer_norm2', 'ln_2'],
  ['mlp.fc1', 'mlp.c_fc'],
  ['mlp.fc2', 'mlp.c_proj'],
]);

function fromHuggingFace(weights: LazyWeights): LazyWeights {
  return createParams(
    Object.entries(weights).flatMap(([name, array]): (readonly [string, LazyArray])[] => {
      const transposedName = transposed.get(name);
      if (transposedName) return [[transposedName, transpose(name, array)]];
      const layer = /^(vision|text)_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
      if (!layer) return [[outside.get(name) ?? name, array]];
      const [, tower, index, part, kind] = layer as unknown as [string, string, string, string, string];
      const block = `${tower === 'vision' ? 'visual.' : ''}transformer.resblocks.${index}.`;
      const projection = /^self_attn\.([qkv])_proj$/.exec(part)?.[1];
      const known = inside.get(part);
      if (projection === undefined) return [[known === undefined ? name : `${block}${known}.${kind}`, array]];
      const three = ['q', 'k', 'v'].map((letter) => weights[name.replace(`.${projection}_proj.`, `.${letter}_proj.`)]);
      if (projection !== 'q') {
        if (!three[0]) throw misshaped(name, 'beside q of its layer', 'none');
        return []; // joined where q stands
      }
      return [[`${block}attn.in_proj_${kind}`, joined(name, three)]];
    }),
  );
}

function transpose(name: string, { dtype, shape, read }: LazyArray): LazyArray {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) throw misshaped(name, 'a matrix', `[${shape.join(', ')}]`);
  const turned = [columns, rows];
  return {
    dtype,
    shape: turned,
    read: async () => {
      const { data } = await read();
      return { data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!), shape: turned };
    },
  };
}

/** q, k and v of one layer, one below the other. */
function joined(name: string, parts: readonly (LazyArray | undefined)[]): LazyArray {
  const [first] = parts;
  for (const part of parts) {
    if (!part || String(part.shape) !== String(first?.shape) || part.dtype !== first?.dtype)
      throw misshaped(name, 'beside k and v of its shape', part ? `[${part.shape.join(', ')}]` : 'none');
  }
  const { dtype, shape } = first!;
  const whole = [3 * (shape[0] ?? 0), ...shape.slice(1)];
  const read = async (): Promise<HostArray> => {
    const arrays = Object.values(await readAll(createParams(parts.map((part, i) => [String(i), part!] as const))));
    const size = arrays[0]!.data.length;
    const data = new Float32Array(3 * size);
    for (const [i, part] of arrays.entries()) data.set(part.data, i * size);
    return { data, shape: whole };
  };
  return { dtype, shape: whole, read };
}

function misshaped(name: string, rule: string, got: string): WeightsError {
  return new WeightsError({ function: 'loadWeights', argument: name, rule: `must be ${rule}`, got });
}
