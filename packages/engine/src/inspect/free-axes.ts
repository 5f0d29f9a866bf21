import { OptionError } from '@fsc-clip/core';
import type { PreparedArgument } from '../arguments.js';
import type { Traced } from '../trace/trace.js';
import { type FreeGraph, joinTraces } from './join-traces.js';

/** Sizes that a program leaves open, as `torch.onnx.export` writes them: `{ 'arguments[0]': { 0: 'batch' } }`. */
export type DynamicAxes = Readonly<Record<string, Readonly<Record<number, string>>>>;

/** An axis of an argument whose size is open. */
export interface OpenSize {
  readonly symbol: string;
  readonly input: number;
  readonly axis: number;
  /** Its size in the first trace. */
  readonly size: number;
}

/**
 * Makes a program for any size of some axes out of traces at several sizes: a shape or a constant that differs between them is computed
 * from the inputs' shapes. A trace in which one size is one larger shows how each number grows with it; a last one, in which all are two
 * larger, that it goes on growing so.
 *
 * @param integers - the type of the inputs that the function takes as int32
 * @param trace - traces the function at other shapes of the arguments
 * @throws OptionError for axes that the arguments do not have
 * @throws DeviceError where something depends on a size in another way than by a multiple and a sum
 */
export async function freeAxes(
  leaves: readonly PreparedArgument[],
  dynamicAxes: DynamicAxes,
  integers: 'int32' | 'int64',
  trace: (leaves: readonly PreparedArgument[]) => Promise<Traced>,
): Promise<FreeGraph> {
  const sizes = openSizes(leaves, dynamicAxes);
  const grown = (by: (symbol: string) => number) =>
    leaves.map((leaf) => ({
      ...leaf,
      shape: leaf.shape.map((size, axis) => {
        const symbol = dynamicAxes[leaf.path]?.[axis];
        return symbol === undefined ? size : size + by(symbol);
      }),
    }));
  const graphs = [(await trace(leaves)).graph];
  for (const { symbol } of sizes) graphs.push((await trace(grown((other) => Number(symbol === other)))).graph);
  graphs.push((await trace(grown(() => 2))).graph);
  return joinTraces(graphs, sizes, integers);
}

function openSizes(leaves: readonly PreparedArgument[], dynamicAxes: DynamicAxes): OpenSize[] {
  const refuse = (rule: string, got: string, hint?: string): never => {
    throw new OptionError({ function: 'export', argument: 'dynamicAxes', rule, got, ...(hint !== undefined && { hint }) });
  };
  const sizes = new Map<string, OpenSize>();
  for (const [path, axes] of Object.entries(dynamicAxes)) {
    const input = leaves.findIndex((leaf) => leaf.path === path);
    if (input < 0) return refuse(`must name arguments: ${leaves.map((leaf) => leaf.path).join(', ')}`, path);
    for (const [axis, symbol] of Object.entries(axes)) {
      const size = leaves[input]!.shape[Number(axis)];
      const place = `axis ${axis} of ${path} [${leaves[input]!.shape.join(', ')}]`;
      if (size === undefined) return refuse('must name axes that the arguments have', place);
      if (size < 2)
        return refuse('must be shown at sizes of at least 2', place, 'A size of 1 is broadcast: what it does to others is not seen');
      const known = sizes.get(symbol);
      if (known && known.size !== size) return refuse(`must give one name to equal sizes`, `'${symbol}' for ${known.size} and ${size}`);
      if (!known) sizes.set(symbol, { symbol, input, axis: Number(axis), size });
    }
  }
  return [...sizes.values()];
}
