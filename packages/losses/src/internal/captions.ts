import { ShapeError } from '@fsc-clip/core';
import { slice, type Tensor } from '@tensorflow/tfjs-core';

/** @throws ShapeError when there are fewer texts than images */
export function checkCaptions(name: string, textFeatures: Tensor, images: number): void {
  if (textFeatures.shape[0]! >= images) return;
  throw new ShapeError({
    function: name,
    argument: 'textFeatures',
    rule: `must hold at least the ${images} captions`,
    got: `[${textFeatures.shape.join(', ')}]`,
  });
}

/** The captions [B, …] among texts [N, …]. */
export function captionsOf(texts: Tensor, images: number): Tensor {
  return texts.shape[0] === images ? texts : slice(texts, 0, images);
}
