import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { registerGradients } from '@fsc-clip/core/tensor';
import { describe, expect, it } from 'vitest';
import { nameOf } from './case.fixture.js';
import { caseFamilies } from './cases/index.fixture.js';
import { compare } from './compare.fixture.js';

// Every case on a software device. Kernels that fail there are listed, with the reason, and must still fail: docs/operations.md says so.

registerGradients();
const exceptions = JSON.parse(readFileSync(new URL('../../tools/webgpu-exceptions.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;
const cases = Object.values(caseFamilies).flat();

describe('rules on webgpu', () => {
  const working = cases.filter(({ kernel }) => !(kernel in exceptions));
  it.each(working.map((one, i) => [nameOf(one, i), one] as const))('%s', (_, one) => compare(one, 'webgpu'));

  it.each(Object.keys(exceptions))('%s does not work there', async (kernel) => {
    const failures: unknown[] = [];
    for (const one of cases.filter((each) => each.kernel === kernel)) await compare(one, 'webgpu').catch((error) => failures.push(error));
    expect(failures).not.toEqual([]);
  });
});
