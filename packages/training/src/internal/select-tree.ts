import { Tensor, where } from '@tensorflow/tfjs-core';

/**
 * The leaves of one tree or of another of the same outline, all by one condition.
 *
 * @param condition - a bool scalar
 */
export function selectTree<Tree>(condition: Tensor, whenTrue: Tree, whenFalse: Tree): Tree {
  const select = (yes: unknown, no: unknown): unknown => {
    if (yes instanceof Tensor) return where(condition, yes, no as Tensor);
    if (Array.isArray(yes)) return yes.map((item, i) => select(item, (no as unknown[])[i]));
    if (typeof yes !== 'object' || yes === null) return yes;
    const record: Record<string, unknown> = Object.create(null); // a key may be any name from a file
    for (const [key, item] of Object.entries(yes)) record[key] = select(item, (no as Record<string, unknown>)[key]);
    return record;
  };
  return select(whenTrue, whenFalse) as Tree;
}
