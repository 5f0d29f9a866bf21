import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

/** Name of the kernel that a backend may register to hold a value back until another is there; `jit`'s tracing backend does. */
export const barrierKernel = 'Barrier';

/**
 * `x` itself, not before `after` is computed. Eagerly everything is computed in order, so that a new handle of `x` is enough; a compiled
 * program must neither move what depends on the result before `after`, nor merge it with what was computed from `x` already.
 *
 * @param x - any shape and dtype
 * @param after - its numbers are not looked at
 */
export function barrier<T extends Tensor>(x: T, after: Tensor): T {
  if (!getKernel(barrierKernel, getBackend())) return x.clone();
  return engine().runKernel(barrierKernel, { x, after } as unknown as NamedTensorMap);
}
