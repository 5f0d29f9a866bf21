import type { Batch, ClipOutput } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What the losses over whole images and texts need of a model's output. */
export type Features = Pick<ClipOutput<Tensor>, 'imageFeatures' | 'textFeatures' | 'logitScale'>;

/** What the losses over patches and words need of a model's output. */
export type DenseTokens = Pick<ClipOutput<Tensor>, 'imageTokens' | 'textTokens' | 'textMask' | 'logitScale'>;

/** What the losses over hard negatives need of a batch: which slots hold a caption. */
export type HasNegatives = Pick<Batch<Tensor>, 'negativeMask'>;

/** What the sigmoid losses need beside features or tokens. */
export interface HasLogitBias {
  /** f32 []; SigLIP starts it at −10. */
  readonly logitBias: Tensor;
}

/** A second wording of every caption, encoded by the same text tower. */
export interface Paraphrases {
  /** f32 [N, D], N ≥ B, L2-normalised; the captions are the first B rows. */
  readonly textFeatures: Tensor;
  /** f32 [B, D], L2-normalised. */
  readonly paraphraseFeatures: Tensor;
}

/** Which images of a batch are the same one: two captions of an image are not each other's negatives. */
export interface HasImageIds {
  /** i32 [B]; equal numbers, same image. */
  readonly imageIds: Tensor;
}

/** What a frozen or averaged teacher gives for the same images and captions. Numbers: no gradient flows into them. */
export interface TeacherFeatures {
  /** f32 [B, D′], L2-normalised. */
  readonly teacherImageFeatures: Tensor;
  /** f32 [B, D′], L2-normalised. */
  readonly teacherTextFeatures: Tensor;
}
