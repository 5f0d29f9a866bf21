import { OptionError } from '@fsc-clip/core';
import type { PreparedArgument } from '../arguments.js';
import type { Traced, TraceOptions } from '../trace/trace.js';
import type { ExportedProgram, StoredWeights } from './export.js';
import { type DynamicAxes, freeAxes } from './free-axes.js';

/** How `step.export` writes a program. */
export interface ExportOptions {
  /** The model's file. */
  readonly path: string;
  /** Names of inputs and outputs by their places: `{ 'arguments[0]': 'pixel_values' }`. @defaultValue the places themselves */
  readonly names?: Readonly<Record<string, string>>;
  /**
   * Axes whose size is left open, with names, as in `torch.onnx.export`: `{ 'arguments[0]': { 0: 'batch' } }`. The arguments show them at
   * sizes of at least 2. @defaultValue every size is that of the arguments
   */
  readonly dynamicAxes?: DynamicAxes;
  /** The type of inputs that the function takes as int32: other programs give int64. @defaultValue 'int32' */
  readonly integers?: 'int32' | 'int64';
  /**
   * How constants are stored. `float16`: half the file, computed in float32. `int8`: a quarter of the file, products with constants
   * computed in integers, their other sides quantised at every run. How far that is from the function is measured at the arguments:
   * `drift` of the result. @defaultValue 'float32'
   */
  readonly weights?: StoredWeights;
}

/** Checks the options; a path alone is the path. */
export function exportOptions(given: string | ExportOptions): ExportOptions {
  const options = typeof given === 'string' ? { path: given } : given;
  const refuse = (argument: string, rule: string, got: unknown): never => {
    throw new OptionError({ function: 'export', argument, rule, got: JSON.stringify(got) ?? String(got) });
  };
  const { path, weights = 'float32', integers = 'int32' } = options ?? {};
  if (typeof path !== 'string' || path === '') refuse('path', 'must be the path of a file', path);
  if (!['float32', 'float16', 'int8'].includes(weights)) refuse('weights', 'must be float32, float16 or int8', weights);
  if (!['int32', 'int64'].includes(integers)) refuse('integers', 'must be int32 or int64', integers);
  return options;
}

/** A program to export, and the function's own graph at the arguments. */
interface TracedForExport {
  readonly program: ExportedProgram;
  readonly own: Traced;
}

/** Traces what the options ask for. */
export async function tracedForExport(
  { names = {}, dynamicAxes, integers = 'int32', weights = 'float32' }: ExportOptions,
  leaves: readonly PreparedArgument[],
  trace: (leaves: readonly PreparedArgument[], options?: TraceOptions) => Promise<Traced>,
): Promise<TracedForExport> {
  const own = await trace(leaves);
  const places = { inputs: leaves.map(({ path }) => path), outputs: own.paths };
  const known = [...places.inputs, ...places.outputs];
  const unknown = Object.keys(names).find((place) => !known.includes(place));
  if (unknown !== undefined)
    throw new OptionError({ function: 'export', argument: 'names', rule: `must name places: ${known.join(', ')}`, got: unknown });
  const named = (of: readonly string[]) => of.map((place) => names[place] ?? place);
  const program = { graph: own.graph, names: { inputs: named(places.inputs), outputs: named(places.outputs) }, weights };
  if (!dynamicAxes && integers === 'int32') return { program, own };
  const free = await freeAxes(leaves, dynamicAxes ?? {}, integers, (grown) => trace(grown, { lines: true }));
  return { program: { ...program, ...free }, own };
}
