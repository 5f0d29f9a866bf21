import { ShapeError } from '@fsc-clip/core';
import { Tensor } from '@tensorflow/tfjs-core';

/** A tree with its leaves taken out: what stays the same from call to call. */
export type TreeShape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'static'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly TreeShape[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, TreeShape])[] };

/** A leaf and where it stands, e.g. `arguments[1].images`. */
export interface Leaf<T> {
  readonly value: T;
  readonly path: string;
}

/** A tree, taken apart. */
export interface Flat<T> {
  readonly shape: TreeShape;
  readonly leaves: readonly Leaf<T>[];
}

/**
 * Takes a tree of arrays and records apart.
 *
 * @param isLeaf - what counts as a leaf; booleans, null, undefined and (in results) numbers are part of the tree. Strings, names
 *   for people, are left out.
 * @param caller - for the error
 */
export function flatten<T>(tree: unknown, isLeaf: (value: unknown) => value is T, path: string, caller = 'jit'): Flat<T> {
  const leaves: Leaf<T>[] = [];
  const walk = (value: unknown, at: string): TreeShape => {
    if (isLeaf(value)) {
      leaves.push({ value, path: at });
      return { kind: 'leaf' };
    }
    if (value === null || typeof value === 'boolean' || typeof value === 'number' || value === undefined) return { kind: 'static', value };
    if (typeof value === 'string') return { kind: 'static', value: undefined };
    if (Array.isArray(value)) return { kind: 'list', items: value.map((item, i) => walk(item, `${at}[${i}]`)) };
    if (isRecord(value)) {
      const entries = Object.entries(value).filter(([, item]) => typeof item !== 'string' && !isListOfStrings(item));
      return { kind: 'record', entries: entries.map(([key, item]) => [key, walk(item, `${at}.${key}`)] as const) };
    }
    throw new ShapeError({
      function: caller,
      argument: at,
      rule: 'must be a tree (arrays, plain records) of tensors, arrays { data, shape } and numbers',
      got: ArrayBuffer.isView(value)
        ? `a bare ${value.constructor.name}`
        : `${typeof value} ${(value as object).constructor?.name ?? ''}`.trim(),
    });
  };
  return { shape: walk(tree, path), leaves };
}

/** Puts leaves back into a tree. */
export function unflatten<T>(shape: TreeShape, leaves: readonly T[]): unknown {
  let next = 0;
  const build = (node: TreeShape): unknown => {
    if (node.kind === 'leaf') return leaves[next++];
    if (node.kind === 'static') return node.value;
    if (node.kind === 'list') return node.items.map(build);
    const record: Record<string, unknown> = Object.create(null);
    for (const [key, item] of node.entries) record[key] = build(item);
    return record;
  };
  return build(shape);
}

/** A text that is equal for equal trees. */
export function describeTree(shape: TreeShape): string {
  if (shape.kind === 'leaf') return '*';
  if (shape.kind === 'static') return String(shape.value);
  if (shape.kind === 'list') return `[${shape.items.map(describeTree).join()}]`;
  return `{${shape.entries.map(([key, item]) => `${JSON.stringify(key)}:${describeTree(item)}`).join()}}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Tensor || ArrayBuffer.isView(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}
