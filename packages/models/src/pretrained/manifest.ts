/** Architectures that the checkpoints have. */
export type PretrainedArchitecture = 'ViT-B-32' | 'ViT-B-16' | 'ViT-L-14';

/** Where a checkpoint is, and what it does not say itself. */
export interface PretrainedFile {
  /** What was trained on what, e.g. `openai`, `fsc-clip/coco-ViT-B-32-lora`. */
  readonly tag: string;
  readonly architecture: PretrainedArchitecture;
  readonly address: string;
  /** Below the cache's folder. */
  readonly path: string;
  /** The activation that it was trained with. */
  readonly quickGelu: boolean;
  /** The tag of what it was fine-tuned from. */
  readonly base?: string;
  /** Present: it holds adapters beside the weights that they belong to. */
  readonly lora?: { readonly rank: number; readonly alpha: number };
  /** In hexadecimal; absent where nobody published it. */
  readonly sha256?: string;
  /** Absent where nobody published it. */
  readonly sizeBytes?: number;
}

/** Where most checkpoints are; `HF_ENDPOINT` names another. */
export const hub = 'https://huggingface.co';

/** OpenAI's addresses hold the files' SHA-256. */
const openai = (architecture: PretrainedArchitecture, sha256: string) => ({
  tag: 'openai' as const,
  architecture,
  address: `https://openaipublic.azureedge.net/clip/models/${sha256}/${architecture}.pt`,
  path: `openai/${architecture}.pt`,
  quickGelu: true,
  sha256,
});

const dataComp = (architecture: PretrainedArchitecture) => ({
  tag: 'datacomp_xl_s13b_b90k' as const,
  architecture,
  address: `${hub}/laion/CLIP-${architecture}-DataComp.XL-s13B-b90K/resolve/main/open_clip_pytorch_model.bin`,
  path: `datacomp_xl_s13b_b90k/${architecture}.bin`,
  quickGelu: false,
});

/** The reference's released checkpoints, fully fine-tuned. Their activation is that of their base. */
function fscClip<D extends 'coco' | 'cc3m' | 'laioncoco' | 'dcxl', A extends PretrainedArchitecture>(data: D, architecture: A) {
  const base = data === 'dcxl' ? ('datacomp_xl_s13b_b90k' as const) : ('openai' as const);
  const file = `${data}_fsc-clip-${architecture}.pt`;
  return {
    tag: `fsc-clip/${data}-${architecture}` as const,
    architecture,
    address: `${hub}/ytaek-oh/fsc-clip/resolve/main/${file}`,
    path: `fsc-clip/${file}`,
    quickGelu: base === 'openai',
    base,
  };
}

/** The same with adapters of rank 4. */
function fscClipLora<D extends 'coco' | 'cc3m' | 'laioncoco' | 'dcxl', A extends PretrainedArchitecture>(data: D, architecture: A) {
  const full = fscClip(data, architecture);
  const withLora = (text: string) => text.replace('_fsc-clip-', '_fsc-clip-lora-');
  const tag = `fsc-clip/${data}-${architecture}-lora` as const;
  return { ...full, tag, address: withLora(full.address), path: withLora(full.path), lora: { rank: 4, alpha: 1 } };
}

/**
 * The checkpoints that `openPretrained` knows: the two that FSC-CLIP starts from, and the twelve that it released. `dcxl` was fine-tuned
 * from `datacomp_xl_s13b_b90k` on LAION-COCO, the others from `openai` on the data that they are named after.
 */
export const pretrained = [
  openai('ViT-B-32', '40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af'),
  openai('ViT-B-16', '5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f'),
  openai('ViT-L-14', 'b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836'),
  dataComp('ViT-B-32'),
  dataComp('ViT-B-16'),
  dataComp('ViT-L-14'),
  fscClip('coco', 'ViT-B-32'),
  fscClipLora('coco', 'ViT-B-32'),
  fscClip('cc3m', 'ViT-B-32'),
  fscClipLora('cc3m', 'ViT-B-32'),
  fscClip('laioncoco', 'ViT-B-32'),
  fscClipLora('laioncoco', 'ViT-B-32'),
  fscClip('laioncoco', 'ViT-B-16'),
  fscClipLora('laioncoco', 'ViT-B-16'),
  fscClip('laioncoco', 'ViT-L-14'),
  fscClipLora('laioncoco', 'ViT-L-14'),
  fscClip('dcxl', 'ViT-B-32'),
  fscClipLora('dcxl', 'ViT-B-32'),
] as const satisfies readonly PretrainedFile[];

/** Tags of the checkpoints that are known. */
export type PretrainedTag = (typeof pretrained)[number]['tag'];
