import type { Value } from '../graph/graph.js';
import type { EncodedProgram } from '../onnx/encode.js';
import type { ResultSpec, UpdatesSpec } from '../runtime/protocol.js';
import { compileKernels } from './compile-kernels.js';
import { type DividedGraph, sourceIn } from './find-updates.js';
import type { TensorSource, UpdateSpec } from './run-updates.js';

/** A divided graph as the session's worker takes it. */
export interface SpecifiedUpdates {
  /** The arguments that a run needs, by name: the program's own, and those that only kernels read. */
  readonly inputs: EncodedProgram['inputs'];
  /** Absent when there is nothing to update in place. */
  readonly updates?: UpdatesSpec;
}

/** Compiles the kernels of a divided graph, equal ones once, and names what they are called with. */
export async function specifyUpdates(
  { program, updates, results }: DividedGraph,
  encoded: EncodedProgram['inputs'],
): Promise<SpecifiedUpdates> {
  if (updates.length === 0) return { inputs: encoded };
  const inputs = [...encoded];
  const inputName = (index: number): string => {
    const known = inputs.find((input) => input.index === index);
    if (!known) inputs.push({ name: `argument${index}`, index });
    return known?.name ?? `argument${index}`;
  };
  const locate = (value: Value): TensorSource => {
    const source = sourceIn(program, value);
    return 'input' in source ? { input: inputName(source.input) } : source;
  };

  const kernels = new Map(updates.map(({ kernel }) => [JSON.stringify(kernel), kernel]));
  const names = [...kernels.keys()];
  const calls = updates.map(
    ({ kernel, size, arrays, state, scalars }): UpdateSpec => ({
      kernel: `kernel${names.indexOf(JSON.stringify(kernel))}`,
      size,
      slots: arrays.map((value, slot) => ({ ...locate(value), shape: value.shape, state: state.includes(slot) })),
      scalars: scalars.map(locate),
    }),
  );
  const specified = results.map(
    (result): ResultSpec => ('input' in result ? { input: inputName(result.input), shape: result.shape } : result),
  );
  return { inputs, updates: { module: await compileKernels([...kernels.values()]), calls, results: specified } };
}
