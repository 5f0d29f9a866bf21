import { type GradConfig, getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs-core';
import { repairs } from './gradient-repairs.js';
import { supplied } from './gradients-supplied.js';

let registered = false;

/**
 * Gives tfjs the gradients that it lacks, and repairs those that it has wrong, in its own registry: from here on they hold for every
 * loss in this thread. `valueAndGrads` and `jit` do it by themselves; call it before tfjs's own `grads` where neither was called yet.
 * Does nothing while tfjs's own gradients are not registered (`import '@tensorflow/tfjs'`). Safe to call again.
 *
 * - Supplied: comparisons and logic (zero, so that `where(greater(a, b), a, b)` has a gradient), `topk`, `einsum`, `cumprod`, `gatherND`,
 *   `scatterND`, `tensorScatterUpdate`, `stridedSlice`, `depthToSpace`, `diag`, `tile` above rank 4.
 * - Repaired: `maximum`, `minimum` and `squaredDifference` of different shapes (they threw), `gather` with `batchDims` (wrong beyond 1),
 *   `gather` and `unsortedSegmentSum` by indices that `topk` or `argMax` found (threw), `mirrorPad` (what was mirrored did not count), `avgPool` with padding (divided by the whole window),
 *   `resizeBilinear` (failed on images that are not square) and, there and in `resizeNearestNeighbor`, `halfPixelCenters` (was left out),
 *   `cumsum` along any but the last axis (axes were turned), `split` and `unstack` into one part (threw), pooling with a
 *   `dimRoundingMode` (gave a gradient of another size; now refused).
 */
export function registerGradients(): void {
  if (registered || getGradient('Multiply') === undefined) return;
  registered = true;
  for (const config of supplied) if (getGradient(config.kernelName) === undefined) registerGradient(config);
  for (const [kernelName, repair] of Object.entries(repairs)) {
    const own = getGradient(kernelName);
    if (own === undefined) continue;
    unregisterGradient(kernelName); // registering over it would warn
    registerGradient({ ...own, ...repair(own) } as GradConfig);
  }
}
