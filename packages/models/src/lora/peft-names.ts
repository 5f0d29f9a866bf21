/** Parts of the fused projection, in the order of its rows. */
export const fusedParts = ['q_proj', 'k_proj', 'v_proj'] as const;

/** A weight of ours that a module of transformers' CLIPModel stands for; `part` where it is one third of the fused projection. */
export interface PeftTarget {
  readonly weight: string;
  readonly part?: (typeof fusedParts)[number];
}

const modules: Readonly<Record<string, string>> = {
  'self_attn.out_proj': 'attn.out_proj.weight',
  'mlp.fc1': 'mlp.c_fc.weight',
  'mlp.fc2': 'mlp.c_proj.weight',
};

/** What a module's adapters belong to, by its name in transformers' CLIPModel or in open_clip; undefined for modules without counterpart. */
export function peftTarget(module: string): PeftTarget | undefined {
  if (module === 'vision_model.embeddings.patch_embedding' || module === 'visual.conv1') return { weight: 'visual.conv1.weight' };
  const openClip = /^((?:visual\.)?transformer\.resblocks\.\d+)\.(attn|(?:attn|attn\.base_layer)\.out_proj|mlp\.c_fc|mlp\.c_proj)$/.exec(
    module,
  );
  if (openClip) {
    const [, block, inner] = openClip as unknown as [string, string, string];
    return { weight: `${block}.${inner === 'attn' ? 'attn.in_proj_' : `${inner.replace('.base_layer', '')}.`}weight` };
  }
  const layer = /^(vision|text)_model\.encoder\.layers\.(\d+)\.(.+)$/.exec(module);
  if (!layer) return undefined;
  const [, tower, index, inner] = layer as unknown as [string, string, string, string];
  const block = `${tower === 'vision' ? 'visual.' : ''}transformer.resblocks.${index}.`;
  const part = fusedParts.find((name) => inner === `self_attn.${name}`);
  if (part) return { weight: `${block}attn.in_proj_weight`, part };
  return Object.hasOwn(modules, inner) ? { weight: block + modules[inner] } : undefined;
}

/** The modules of transformers' CLIPModel that a weight of ours stands for; none for the patch embedding. */
export function peftModules(weight: string): string[] {
  const block = /^(visual\.)?transformer\.resblocks\.(\d+)\.(.+)$/.exec(weight);
  if (!block) return [];
  const [, visual, index, inner] = block as unknown as [string, string | undefined, string, string];
  const layer = `${visual === undefined ? 'text' : 'vision'}_model.encoder.layers.${index}.`;
  if (inner === 'attn.in_proj_weight') return fusedParts.map((part) => `${layer}self_attn.${part}`);
  return Object.entries(modules)
    .filter(([, name]) => name === inner)
    .map(([module]) => layer + module);
}
