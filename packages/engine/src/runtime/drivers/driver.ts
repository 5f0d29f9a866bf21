import type { HostNumbers, HostZeros, Numbers, ProgramSpec } from '../protocol.js';

/** What a program is fed: an array that the driver made, or what came with the call. An array may be moved: its numbers stay. */
export type Feed<Held> = { readonly array: Held; move(moved: Held): void } | { readonly numbers: HostNumbers | HostZeros };

/** A program that is ready to run on a device. */
export interface DeviceProgram<Held> {
  /**
   * Runs once. A run that fails has changed nothing.
   *
   * @param feeds - by name of the input
   * @returns the results of the call in order, as arrays that the caller frees
   */
  run(feeds: ReadonlyMap<string, Feed<Held>>): Promise<Held[]>;
  release(): Promise<void>;
}

/** How a device keeps arrays and runs programs. `Held` is what an array is between two runs. */
export interface DeviceDriver<Held> {
  /**
   * Opens a session, which has the constants to itself: the bytes of those that are not fed may go afterwards.
   *
   * @param profilePrefix - begin of the path that a profile is written to, when the program is released
   */
  open(spec: ProgramSpec, profilePrefix?: string): Promise<DeviceProgram<Held>>;
  /** Makes an array of numbers, which are the driver's to keep from now on. */
  put(numbers: HostNumbers | HostZeros): Promise<Held>;
  read(array: Held): Promise<Numbers>;
  /** Its memory may take the results of later runs. */
  free(array: Held): void;
}
