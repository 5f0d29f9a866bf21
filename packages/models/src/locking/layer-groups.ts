/** A tower, and which of its groups a parameter belongs to: 0 the embeddings, 1 … `layers` the blocks, `layers + 1` the projection. */
export interface LayerGroup {
  readonly tower: 'image' | 'text';
  readonly group: number;
}

/** Layers of each tower. */
export type TowerLayers = Readonly<Record<LayerGroup['tower'], number>>;

const textParts = new Set(['token_embedding', 'positional_embedding', 'transformer', 'ln_final', 'text_projection']);

/**
 * The group of a parameter as open_clip partitions its towers for locking, from the input to the output: the embeddings (with `ln_pre`),
 * each residual block, the last one with the LayerNorm behind it, and the projection. Adapters stand with their weight.
 *
 * @returns undefined for what is in neither tower: `logit_scale`, and names that are not CLIP's
 */
export function layerGroup(name: string, layers: TowerLayers): LayerGroup | undefined {
  const tower = name.startsWith('visual.') ? 'image' : 'text';
  const path = tower === 'image' ? name.slice('visual.'.length) : name;
  const part = /^[^.]*?(?=_lora_|\.|$)/.exec(path)![0];
  if (tower === 'text' && !textParts.has(part)) return undefined;
  const block = /^transformer\.resblocks\.(\d+)\./.exec(path);
  if (block) return { tower, group: 1 + Number(block[1]) };
  if (part === 'ln_post' || part === 'ln_final') return { tower, group: layers[tower] };
  if (part === 'proj' || part === 'text_projection') return { tower, group: layers[tower] + 1 };
  return { tower, group: 0 };
}

/** Whether a parameter is a LayerNorm's: `ln_1`, `ln_final`, … */
export function isLayerNorm(name: string): boolean {
  return /(^|\.)ln_\w+\.(weight|bias)$/.test(name);
}
