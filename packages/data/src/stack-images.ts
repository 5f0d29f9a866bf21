import { type HostArray, ShapeError } from '@fsc-clip/core';

/** [B, 3, S, S] of B named pictures [3, S, S], in one of the `spare` arrays if it fits. @throws ShapeError when they differ */
export function stackImages(
  images: readonly (readonly [string, HostArray<Float32Array>])[],
  spare: Float32Array[],
): HostArray<Float32Array> {
  const shape = images[0]![1].shape;
  const size = images[0]![1].data.length;
  const data = spare.at(-1)?.length === images.length * size ? spare.pop()! : new Float32Array(images.length * size);
  for (const [i, [key, image]] of images.entries()) {
    if (image.shape.join() !== shape.join() || image.data.length !== size) {
      const rule = `must give every image the shape of the first, [${shape.join(', ')}]`;
      throw new ShapeError({ function: 'batches', argument: 'transform', rule, got: `[${image.shape.join(', ')}] for ${key}` });
    }
    data.set(image.data, i * size);
  }
  return { data, shape: [images.length, ...shape] };
}
