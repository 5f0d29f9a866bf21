import type { PreparedArgument } from '../arguments.js';
import { WorkerArray } from '../runtime/worker-array.js';
import type { Exported } from './export.js';
import type { Probes } from './probes.js';

/** How far an output with smaller weights is from the function's own, at the arguments of the export. */
export interface Drift {
  /** The largest difference of a number. */
  readonly maxDifference: number;
  /** The smallest cosine between a row of the output and the function's own. */
  readonly minCosine: number;
}

/**
 * Runs a written program in onnxruntime, as its readers will, and compares.
 *
 * @param own - the function's own results, by the names of the outputs
 */
export async function measureDrift(
  { files, inputs }: Exported,
  names: readonly string[],
  leaves: readonly PreparedArgument[],
  integers: 'int32' | 'int64',
  own: Probes,
): Promise<Readonly<Record<string, Drift>>> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const feeds = await Promise.all(
    inputs.map(async (name) => {
      const { from, shape, dtype } = leaves[names.indexOf(name)]!;
      const data = from instanceof WorkerArray ? await from.read() : from;
      const wide = dtype === 'int32' && integers === 'int64';
      return [
        name,
        wide ? new Tensor('int64', BigInt64Array.from(data, BigInt), shape) : new Tensor(dtype, data as Uint8Array, shape),
      ] as const;
    }),
  );
  const session = await InferenceSession.create(files[0]!, { logSeverityLevel: 3 });
  try {
    const results = await session.run(Object.fromEntries(feeds));
    const drifts = Object.entries(own).map(
      ([name, { data, shape }]) => [name, compare(results[name]!.data as Float32Array, data, shape)] as const,
    );
    return Object.fromEntries(drifts);
  } finally {
    await session.release();
  }
}

function compare(theirs: ArrayLike<number>, own: ArrayLike<number>, shape: readonly number[]): Drift {
  const width = shape.at(-1) ?? 1;
  let [maxDifference, minCosine] = [0, 1];
  for (let row = 0; row < own.length; row += width) {
    let [product, left, right] = [0, 0, 0];
    for (let i = row; i < row + width; i++) {
      const [a, b] = [theirs[i]!, own[i]!];
      maxDifference = Math.max(maxDifference, Math.abs(a - b));
      product += a * b;
      left += a * a;
      right += b * b;
    }
    minCosine = Math.min(minCosine, left * right === 0 ? 1 : product / Math.sqrt(left * right));
  }
  return { maxDifference, minCosine };
}
