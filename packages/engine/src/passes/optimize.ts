import { inPrecision } from '../precision/in-precision.js';
import type { Lowering } from '../precision/lower-products.js';
import type { SessionDevice } from '../runtime/protocol.js';
import type { Traced } from '../trace/trace.js';
import { foldScales } from './fold-scales.js';
import { fuseLayerNorm } from './fuse-layer-norm.js';
import { moveBiases } from './move-biases.js';
import { type Pass, rewrite } from './rewrite.js';
import { sumRows } from './sum-rows.js';
import { turnProducts } from './turn-products.js';

/** In their order. Equal nodes and dead code need no pass: the first are never built twice, the second is never encoded. */
const everywhere: readonly Pass[] = [fuseLayerNorm, foldScales];
const onDevice: Readonly<Record<SessionDevice, readonly Pass[]>> = { cpu: [moveBiases, sumRows, turnProducts], webgpu: [], cuda: [] };

/** A traced function, with its graph as the device computes it best, and its products in half precision if there is a lowering. */
export function optimize(traced: Traced, device: SessionDevice, lowering?: Lowering): Traced {
  return inPrecision({ ...traced, graph: [...everywhere, ...onDevice[device]].reduce(rewrite, traced.graph), probes: {} }, lowering);
}
