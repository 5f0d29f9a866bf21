import { type HostArray, OptionError } from '@fsc-clip/core';
import type { DeviceArray } from '@fsc-clip/engine';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What holds the numbers of a state: on a device, in this thread, or in tfjs. */
export type StateArray = DeviceArray | HostArray | Tensor;

/** A tree (records, arrays) with other leaves in the place of its arrays. */
export type Leaves<Tree, Leaf> = Tree extends StateArray ? Leaf : { [K in keyof Tree]: Leaves<Tree[K], Leaf> };

/**
 * A tree of the same records and arrays, with `f(leaf, name)` as leaves. Names are paths, `optimizer/expAvg/visual.proj`, with `~` and
 * `/` inside a key written `~0` and `~1` (RFC 6901).
 *
 * @throws OptionError for a leaf that is no array
 */
export function mapLeaves<Tree, Leaf>(caller: string, tree: Tree, f: (leaf: StateArray, name: string) => Leaf): Leaves<Tree, Leaf> {
  const visit = (node: unknown, path: readonly string[]): unknown => {
    if (isStateArray(node)) return f(node, path.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/'));
    if (Array.isArray(node)) return node.map((child, i) => visit(child, [...path, String(i)]));
    if (typeof node !== 'object' || node === null) {
      throw new OptionError({
        function: caller,
        argument: path.join('/'),
        rule: 'must be an array or a tree of arrays',
        got: String(node),
      });
    }
    const record: Record<string, unknown> = Object.create(null); // a key may be any name from a file
    for (const [key, child] of Object.entries(node)) record[key] = visit(child, [...path, key]);
    return record;
  };
  return visit(tree, []) as Leaves<Tree, Leaf>;
}

function isStateArray(node: unknown): node is StateArray {
  return typeof node === 'object' && node !== null && 'shape' in node && Array.isArray(node.shape);
}
