import type { HostArray } from '@fsc-clip/core';
import { isArgument, prepare } from '../../arguments.js';
import { type CompiledSpec, specifyProgram } from '../../program.js';
import { trace } from '../../trace/trace.js';
import { flatten } from '../../tree.js';

/** A function compiled for a GPU: state is the program's own, no kernel updates it. */
export async function specOf(fn: (...args: never[]) => unknown, args: readonly HostArray[]): Promise<CompiledSpec> {
  const { shape: tree, leaves } = flatten(args, isArgument, 'arguments');
  const signature = await Promise.all(leaves.map((leaf) => prepare(leaf)));
  return specifyProgram('cuda', await trace(fn, { tree, leaves: signature }));
}
