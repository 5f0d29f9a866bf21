import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { registerGradients } from '@fsc-clip/core/tensor';
import { describe, it } from 'vitest';
import { type Case, nameOf } from './case.fixture.js';
import { caseFamilies } from './cases/index.fixture.js';
import { compare } from './compare.fixture.js';

// The cases of the kernels that docs/operations.md calls tested on a software device; why the others are not stands there.

registerGradients();
const seen = JSON.parse(readFileSync(new URL('../../tools/webgpu-kernels.json', import.meta.url), 'utf8')) as Record<string, string>;

describe('rules on webgpu', () => {
  const cases = Object.values(caseFamilies)
    .flat()
    .filter(({ kernel }) => seen[kernel] === 'software device');
  it.each(cases.map((one, i): [string, Case] => [nameOf(one, i), one]))('%s', (_, one) => compare(one, 'webgpu'));
});
