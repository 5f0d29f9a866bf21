import type { ClipConfig } from '@fsc-clip/models';

/** What the golden area `training` holds; see its README for the meaning of the fields. */
export interface GoldenTraining {
  readonly config: ClipConfig;
  readonly batches: { readonly count: number };
}

export type Numbers = Readonly<Record<string, number>>;
/** Name of a parameter to name of an array. */
export type ArrayNames = Readonly<Record<string, string>>;
export type Groups = readonly { readonly weightDecay: number; readonly parameters: readonly string[] }[];

export interface ScheduleOptions {
  readonly kind: string;
  readonly base: number;
  readonly warmup: number;
  readonly total: number;
  readonly cooldownSteps?: number;
  readonly power?: number;
  readonly endLearningRate?: number;
}

export interface RunOptions {
  readonly learningRate: number;
  readonly warmup: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly scheduler: string;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly start: string;
  readonly lora?: string;
  readonly rank?: number;
  readonly loss: string;
  readonly focalGamma: number | null;
  readonly labelSmoothing: number | null;
  readonly globalWeight: number | null;
  readonly localWeight: number | null;
  readonly gradClipNorm: number | null;
  readonly logitScaleStart?: number;
  readonly imagesRolledBy?: number;
  readonly bound?: number;
}

export interface ScheduleCase {
  readonly kind: 'schedule';
  readonly options: ScheduleOptions;
  readonly learningRates: readonly number[];
  readonly error: string | null;
}

export interface GroupsCase {
  readonly kind: 'groups';
  readonly groups: Groups;
  readonly betas: readonly number[];
  readonly eps: number;
}

export interface TrajectoryCase {
  readonly kind: 'trajectory';
  readonly options: RunOptions;
  readonly steps: readonly {
    readonly learningRate: number;
    readonly terms: Numbers;
    readonly float32Terms: Numbers;
    readonly gradientNorm: number;
    readonly float32WeightError: Numbers;
  }[];
  readonly weightsAfterStep: ArrayNames;
  readonly gradientsAtFirstSteps: ArrayNames;
  readonly groups: Groups;
  readonly adam: { readonly step: number; readonly moments: { readonly exp_avg?: ArrayNames; readonly exp_avg_sq?: ArrayNames } };
  readonly final: ArrayNames;
  readonly float32FinalError: Numbers;
  readonly float32MomentError: { readonly exp_avg: number; readonly exp_avg_sq: number };
}

export interface GradientsCase {
  readonly kind: 'gradients';
  readonly options: RunOptions;
  readonly batch: string;
  readonly B: number;
  readonly K: number;
  readonly state: string;
  readonly expected: Numbers;
  readonly float32: Numbers;
  readonly gradients: ArrayNames;
  readonly float32GradientError: Numbers;
}

/** Something the reference refuses: nothing to compare. */
export interface NoteCase {
  readonly kind: 'note';
  readonly note: string;
  readonly expected: { readonly error: string };
}

export type Case = { readonly name: string } & (ScheduleCase | GroupsCase | TrajectoryCase | GradientsCase | NoteCase);
