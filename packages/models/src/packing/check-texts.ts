import { type HostArray, ShapeError } from '@fsc-clip/core';

/** A batch of texts in this thread: ids i32 [N, T]. */
export interface Texts {
  readonly ids: Int32Array;
  readonly count: number;
  readonly context: number;
}

/** @throws ShapeError when the array is not i32 [N, T], or not of the given shape */
export function checkTexts(caller: string, argument: string, { data, shape }: HostArray, expected?: readonly number[]): Texts {
  const [count, context] = shape;
  const isTexts = data instanceof Int32Array && shape.length === 2 && data.length === count! * context!;
  if (!isTexts || (expected && String(shape) !== String(expected))) {
    const rule = `must be i32 ${expected?.length === 2 ? `[${expected.join(', ')}]` : '[N, T]'}`;
    throw new ShapeError({ function: caller, argument, rule, got: `${data.constructor.name} [${shape.join(', ')}]` });
  }
  return { ids: data, count: count!, context: context! };
}

/** Tokens of each text, up to its last id that is not 0. */
export function textLengths({ ids, count, context }: Texts): number[] {
  return Array.from({ length: count }, (_, text) => {
    let length = context;
    while (length > 0 && ids[text * context + length - 1] === 0) length--;
    return length;
  });
}
