import { equal, expandDims, eye, greater, type Tensor } from '@tensorflow/tfjs-core';

/** Which rows of a batch show the same image: [B, B] bool. Without ids every row is an image of its own. */
export function sameImage(imageIds: Tensor | undefined, images: number): Tensor {
  return imageIds === undefined ? greater(eye(images), 0) : equal(expandDims(imageIds, 1), imageIds);
}
