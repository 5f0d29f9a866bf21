import type { AdamWOptions } from '@fsc-clip/core/tensor';
import type { FscClipOptions } from '@fsc-clip/losses';
import type { LoraOptions, ModelName } from '@fsc-clip/models';

/** A training run of the paper as plain data; its parts are the options of the functions that they are named after. */
export interface Recipe {
  /** For `createModel`; the activation is that of the weights to start from. */
  readonly model: ModelName;
  /** open_clip's tag of the weights to start from. */
  readonly pretrained: 'openai' | 'datacomp_xl_s13b_b90k';
  readonly data: {
    /** The reference's name of the data set. */
    readonly name: 'train_neg_clip' | 'cc3m_100k' | 'laioncoco_100k';
    readonly format: 'csv' | 'webdataset';
    /** Which field of a webdataset sample's JSON is the caption. */
    readonly captionKey?: 'caption' | 'coca_captions';
    /** The reference's name of the rules that make the negative captions. */
    readonly negatives: 'fsc-clip';
  };
  readonly epochs: number;
  /** Images per rank and step. */
  readonly batchSize: number;
  /** Processes; one step sees `batchSize · ranks` images. */
  readonly ranks: number;
  /** For `cosineSchedule`, beside `total`: the steps of all epochs. */
  readonly schedule: { readonly base: number; readonly warmup: number };
  /** For `adamW`. */
  readonly optimizer: Required<Pick<AdamWOptions, 'betas' | 'epsilon' | 'weightDecay'>>;
  /** For `addLora`; without it every weight is trained. */
  readonly lora?: Pick<LoraOptions, 'rank'>;
  /** For `fscClipLoss`. */
  readonly loss: Required<Pick<FscClipOptions, 'globalWeight' | 'localWeight' | 'focalGamma' | 'labelSmoothing'>>;
}

type Variation = Pick<Recipe, 'model' | 'pretrained' | 'batchSize' | 'ranks'> & {
  readonly data: Omit<Recipe['data'], 'negatives'>;
  readonly globalWeight: number;
  readonly localWeight: number;
};

const coco = { name: 'train_neg_clip', format: 'csv' } as const;
const cc3m = { name: 'cc3m_100k', format: 'webdataset', captionKey: 'coca_captions' } as const;
const laioncoco = { name: 'laioncoco_100k', format: 'webdataset', captionKey: 'caption' } as const;

const b32 = { model: 'ViT-B-32-quickgelu', pretrained: 'openai', batchSize: 256, ranks: 1, globalWeight: 0.5, localWeight: 0.2 } as const;
const datacomp = { ...b32, model: 'ViT-B-32', pretrained: 'datacomp_xl_s13b_b90k' } as const;
const b16 = { ...b32, model: 'ViT-B-16-quickgelu', batchSize: 128, localWeight: 0.5 } as const;
const l14 = { ...b32, model: 'ViT-L-14-quickgelu', batchSize: 64, ranks: 4, localWeight: 0.5 } as const;

function full({ data, globalWeight, localWeight, ...rest }: Variation): Recipe {
  return {
    ...rest,
    data: { ...data, negatives: 'fsc-clip' },
    epochs: 5,
    schedule: { base: 5e-6, warmup: 50 },
    optimizer: { betas: [0.9, 0.98], epsilon: 1e-6, weightDecay: 0.1 },
    loss: { globalWeight, localWeight, focalGamma: 2, labelSmoothing: 0.02 },
  };
}

function lora(variation: Variation): Recipe {
  return { ...full(variation), schedule: { base: 5e-5, warmup: 50 }, lora: { rank: 4 } };
}

/**
 * The paper's runs and the two sizes published beside them (arXiv 2410.05210, training commands of its repository): one per released
 * checkpoint. `fsc-clip` trains every weight, `fsc-clip-lora` adapters of rank 4; ViT-B-32 from OpenAI's weights unless the name says
 * otherwise.
 *
 * @example
 * const { loss, optimizer, schedule } = recipes['fsc-clip-lora/coco'];
 * const step = createTrainStep({ model, loss: fscClipLoss(loss), optimizer: adamW(optimizer), frozen });
 * const learningRate = cosineSchedule({ ...schedule, total });
 */
export const recipes = {
  'fsc-clip/coco': full({ ...b32, data: coco }),
  'fsc-clip-lora/coco': lora({ ...b32, data: coco }),
  'fsc-clip/cc3m': full({ ...b32, data: cc3m, globalWeight: 1 }),
  'fsc-clip-lora/cc3m': lora({ ...b32, data: cc3m, globalWeight: 1 }),
  'fsc-clip/laioncoco': full({ ...b32, data: laioncoco }),
  'fsc-clip-lora/laioncoco': lora({ ...b32, data: laioncoco }),
  'fsc-clip/laioncoco/ViT-B-16': full({ ...b16, data: laioncoco }),
  'fsc-clip-lora/laioncoco/ViT-B-16': lora({ ...b16, data: laioncoco }),
  'fsc-clip/laioncoco/ViT-L-14': full({ ...l14, data: laioncoco }),
  'fsc-clip-lora/laioncoco/ViT-L-14': lora({ ...l14, data: laioncoco }),
  'fsc-clip/laioncoco/ViT-B-32-datacomp': full({ ...datacomp, data: laioncoco }),
  'fsc-clip-lora/laioncoco/ViT-B-32-datacomp': lora({ ...datacomp, data: laioncoco }),
} as const satisfies Record<string, Recipe>;

/** Name of a recipe. */
export type RecipeName = keyof typeof recipes;
