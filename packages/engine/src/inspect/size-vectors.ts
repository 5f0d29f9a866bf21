import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import type { OpenSize } from './free-axes.js';
import type { Affine } from './growing-constant.js';

/** Sizes that a program computes from its inputs' shapes. */
export interface SizeVectors {
  /** int64 [entries]. */
  vector(entries: readonly Affine[]): Value;
  /** int64 []. */
  scalar(entry: Affine): Value;
}

/** `builder.inputs` must hold the inputs when a vector is asked for. */
export function createSizeVectors(builder: GraphBuilder, sizes: readonly OpenSize[]): SizeVectors {
  const lengthOf = ({ input, axis }: OpenSize): Value => {
    const source = builder.inputs[input]!;
    const shape = builder.node('Shape', [source], [source.shape.length], 'int64');
    return builder.node('Gather', [shape, builder.int64s([axis])], [1], 'int64', { axis: { int: 0 } });
  };
  const vector = (entries: readonly Affine[]): Value => {
    const shape = [entries.length];
    return sizes.reduce(
      (sum, size, i) => {
        const counts = entries.map((entry) => entry.counts[i]!);
        if (counts.every((count) => count === 0)) return sum;
        const grown = builder.node('Mul', [lengthOf(size), builder.int64s(counts)], shape, 'int64');
        return builder.node('Add', [sum, grown], shape, 'int64');
      },
      builder.int64s(entries.map(({ constant }) => constant)),
    );
  };
  return { vector, scalar: (entry) => builder.node('Reshape', [vector([entry]), builder.int64s([])], [], 'int64') };
}

/** A size as a model file names it: `2`, `batch`, `4*batch + 1`. */
export function sizeText({ constant, counts }: Affine, sizes: readonly OpenSize[]): number | string {
  const terms = counts.flatMap((count, i) => (count === 0 ? [] : [count === 1 ? sizes[i]!.symbol : `${count}*${sizes[i]!.symbol}`]));
  if (terms.length === 0) return constant;
  return [...terms, ...(constant === 0 ? [] : [constant])].join(' + ');
}
