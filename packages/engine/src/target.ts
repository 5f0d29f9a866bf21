import { OptionError } from '@fsc-clip/core';
import type { Device, Isolation } from './types.js';

/** Where programs run, or arrays are. */
export interface Target {
  readonly device: Device;
  readonly isolate: Isolation;
}

const known = { device: ['cpu', 'webgpu', 'cuda', 'eager'], isolate: ['thread', 'process'] } as const;

/** @throws OptionError when there is no such device or isolation */
export function checkTarget(caller: string, target: Target): void {
  for (const argument of ['device', 'isolate'] as const) {
    const names: readonly string[] = known[argument];
    if (names.includes(target[argument])) continue;
    throw new OptionError({
      function: caller,
      argument,
      rule: `must be one of ${names.join(', ')}`,
      got: String(target[argument]),
    });
  }
}
