import type { Batch, ClipOutput } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What the losses over whole images and texts need of a model's output. */
export type Features = Pick<ClipOutput<Tensor>, 'imageFeatures' | 'textFeatures' | 'logitScale'>;

/** What the losses over patches and words need of a model's output. */
export type DenseTokens = Pick<ClipOutput<Tensor>, 'imageTokens' | 'textTokens' | 'textMask' | 'logitScale'>;

/** What the losses over hard negatives need of a batch: which slots hold a caption. */
export type HasNegatives = Pick<Batch<Tensor>, 'negativeMask'>;
