import '@tensorflow/tfjs';
import { registerGradients } from '@fsc-clip/core/tensor';
import { describe, expect, it } from 'vitest';
import { type Case, nameOf } from './case.fixture.js';
import { caseFamilies } from './cases/index.fixture.js';
import { compare } from './compare.fixture.js';
import { rules } from './index.js';

// Every rule against the tfjs cpu backend: the same function, eager and compiled, in value and (where it has one) in gradient.

registerGradients();

describe.each(Object.entries(caseFamilies))('%s', (_, cases) => {
  it.each(cases.map((one, i): [string, Case] => [nameOf(one, i), one]))('%s', (_, one) => compare(one));
});

it('has a case for every rule', () => {
  const tested = new Set(
    Object.values(caseFamilies)
      .flat()
      .map(({ kernel }) => kernel),
  );
  expect(Object.keys(rules).filter((kernel) => !tested.has(kernel))).toEqual([]);
  expect([...tested].filter((kernel) => !(kernel in rules))).toEqual([]);
});
