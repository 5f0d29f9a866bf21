import type { ClipOutput } from '@fsc-clip/core';
import type { LossTerms } from '@fsc-clip/core/tensor';
import { clipLoss, combineLosses, fscClipLoss, negClipLoss } from '@fsc-clip/losses';
import type { TrainBatch } from '@fsc-clip/training';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** One way to fine-tune. All methods see the same images and captions in the same order. */
export interface Method {
  /** Its name in the last line of output. */
  readonly name: string;
  readonly label: string;
  readonly loss: (output: ClipOutput<Tensor>, batch: TrainBatch) => Scalar | LossTerms;
  /** Whether captions come with hard negatives: three more texts an image. */
  readonly negatives: boolean;
  /** Rank of the adapters that are trained; all weights without it. */
  readonly lora: number | undefined;
}

/** The two methods that are always compared, and three more. */
export function chooseMethods({ all, lora }: { readonly all: boolean; readonly lora: number | undefined }): Method[] {
  const methods: Method[] = [
    { name: 'clip', label: 'CLIP', loss: combineLosses({ clip: clipLoss }), negatives: false, lora },
    { name: 'fscClip', label: 'FSC-CLIP', loss: fscClipLoss(), negatives: true, lora },
  ];
  if (!all) return methods;
  return [
    methods[0]!,
    { name: 'negClip', label: 'NegCLIP', loss: negClipLoss, negatives: true, lora },
    { name: 'globalOnly', label: 'global only', loss: fscClipLoss({ localWeight: 0 }), negatives: true, lora },
    methods[1]!,
    { name: 'fscClipLora', label: 'FSC-CLIP LoRA', loss: fscClipLoss(), negatives: true, lora: lora ?? 4 },
  ];
}
