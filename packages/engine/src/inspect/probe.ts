import { OptionError } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';

type Note = (name: string, tensor: Tensor) => void;

let note: Note | undefined;

/**
 * Names a tensor in the middle of a function, for `step.probes(...)` to read. Gives the tensor back and changes nothing else: in a
 * plain call it does nothing, and a compiled step computes and returns what it would without it.
 *
 * @param name - a name met again (a block that is recomputed, a loop) is numbered: `hidden`, `hidden#2`
 * @example
 * const hidden = probe('hidden', relu(matMul(x, w)));
 */
export function probe<T extends Tensor>(name: string, tensor: T): T {
  if (typeof name !== 'string' || name === '') {
    throw new OptionError({ function: 'probe', argument: 'name', rule: 'must be a text', got: JSON.stringify(name) });
  }
  note?.(name, tensor);
  return tensor;
}

/** Runs a function and hands every probe in it to `take`. */
export function withProbes<T>(take: Note, run: () => T): T {
  const outer = note;
  const counts = new Map<string, number>();
  note = (name, tensor) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    take(count === 1 ? name : `${name}#${count}`, tensor);
  };
  try {
    return run();
  } finally {
    note = outer;
  }
}
