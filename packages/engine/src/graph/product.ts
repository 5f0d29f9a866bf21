import type { Node } from './graph.js';

/** Whether a matrix product reads its first or its second side transposed. */
export function readsTransposed({ attributes }: Node, side: 'transA' | 'transB'): boolean {
  return (attributes[side] as { int: number } | undefined)?.int === 1;
}

/** What a matrix product multiplies the product by, or what it adds. */
export function factorOf({ attributes }: Node, name: 'alpha' | 'beta'): number {
  return (attributes[name] as { float: number } | undefined)?.float ?? 1;
}
