import { barrierKernel } from '@fsc-clip/core/tensor';
import type { Rule } from './rule.js';

/**
 * A value that is not there before another one is: a reshape to its own shape, for which onnxruntime copies nothing and waits for the
 * shape, and so for no dimension at all of the other value's shape, put before it. A graph pass that takes reshapes away must leave those
 * whose shape is computed; no two waits for different values are equal nodes. Constants are there from the beginning.
 */
export const barrierRules: Record<string, Rule> = {
  [barrierKernel]: (g, { x, after }) => {
    if (x!.source.kind === 'constant' || x!.source.kind === 'splat' || after!.source.kind !== 'node') return x!;
    const nothing = g.nodes('Shape', [after!], [{ shape: [0], dtype: 'int64' }], { start: { int: 0 }, end: { int: 0 } })[0]!;
    const spec = { shape: [x!.shape.length], dtype: 'int64' } as const;
    const shape = g.nodes('Concat', [nothing, g.int64s(x!.shape)], [spec], { axis: { int: 0 } })[0]!; // by `nodes`: also where it is empty
    return g.nodes('Reshape', [x!, shape], [x!], { allowzero: { int: 1 } })[0]!;
  },
};
