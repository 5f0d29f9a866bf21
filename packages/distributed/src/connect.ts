import { OptionError } from '@fsc-clip/core';
import type { Collective } from './collective.js';
import { createSingle } from './create-single.js';

/** Options of `connect`; `driver` decides which others there are. */
export interface ConnectOptions {
  /**
   * `single`: this process alone.
   * @defaultValue 'single'
   */
  readonly driver?: 'single';
}

/**
 * Joins the group of processes of a distributed run.
 *
 * @throws OptionError for an unknown driver
 * @example
 * const collective = await connect({ driver: 'single' });
 * const features = await collective.allGather({ data: new Float32Array(8), shape: [2, 4] }); // [2 · size, 4]
 * await collective.close();
 */
export async function connect({ driver = 'single' }: ConnectOptions = {}): Promise<Collective> {
  switch (driver) {
    case 'single':
      return createSingle();
    default:
      throw new OptionError({ function: 'connect', argument: 'driver', rule: "must be 'single'", got: String(driver) });
  }
}
