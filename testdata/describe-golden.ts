import { describe, it } from 'vitest';
import { type GoldenArea, golden, hasGolden } from './golden.js';

/** A suite over one area of the golden set; skipped, visibly, where the set has no such area. */
export function describeGolden<Case, Json = Record<string, unknown>>(name: string, suite: (area: GoldenArea<Case, Json>) => void): void {
  if (hasGolden(name)) describe(`golden ${name}`, () => suite(golden<Case, Json>(name)));
  else it.skip(`golden ${name}: not in this set`, () => undefined);
}
