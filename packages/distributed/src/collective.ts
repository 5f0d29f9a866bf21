import type { HostArray } from '@fsc-clip/core';

/** How `allReduce` combines the arrays of the ranks. */
export type ReduceOp = 'sum' | 'mean' | 'max';

/**
 * What the processes of a distributed run do together. Every rank must make the same calls in the same order, with arrays of the same
 * shape and dtype; each call resolves when all ranks have made it. Results are new arrays, the same on every rank to the last bit.
 * Arguments are never changed, but must stay as they are until the call resolves.
 */
export interface Collective {
  /** The number of this process, 0 … size − 1. */
  readonly rank: number;
  /** How many processes there are. */
  readonly size: number;
  /**
   * Combines the arrays of all ranks element by element, in the order of the ranks; sums are carried in float64 and rounded once.
   *
   * @param array - f32 or i32, any shape
   * @param op - `mean` for f32 only
   * @returns an array of the same shape and dtype
   * @throws ShapeError when the data do not fill the shape, or the ranks differ in shape or dtype
   * @throws OptionError for an unknown `op`, `mean` of integers, or ranks that disagree on it
   * @throws DeviceError after `close`
   */
  allReduce<Data extends Float32Array | Int32Array>(array: HostArray<Data>, op?: ReduceOp): Promise<HostArray<Data>>;
  /**
   * The arrays of all ranks one after the other, on every rank.
   *
   * @param array - [n, …]; a scalar counts as [1]
   * @returns [size · n, …], rank 0 first
   * @throws ShapeError when the data do not fill the shape, or the ranks differ in shape or dtype
   * @throws DeviceError after `close`
   */
  allGather<Data extends HostArray['data']>(array: HostArray<Data>): Promise<HostArray<Data>>;
  /**
   * The array of one rank, on every rank.
   *
   * @param array - on the other ranks only its shape and dtype count
   * @param root - the rank to copy from
   * @defaultValue `root` is 0
   * @throws ShapeError when the data do not fill the shape, or the ranks differ in shape or dtype
   * @throws OptionError when `root` is no rank, or the ranks disagree on it
   * @throws DeviceError after `close`
   */
  broadcast<Data extends HostArray['data']>(array: HostArray<Data>, root?: number): Promise<HostArray<Data>>;
  /**
   * Resolves when every rank has called it.
   * @throws DeviceError after `close`
   */
  barrier(): Promise<void>;
  /** Leaves the group, at the end of the program. A second call does nothing. */
  close(): Promise<void>;
}
