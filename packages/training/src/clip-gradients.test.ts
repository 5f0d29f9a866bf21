import '@tensorflow/tfjs';
import { createParams } from '@fsc-clip/core/tensor';
import { scalar, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipGradients, globalNorm } from './clip-gradients.js';

const grads = createParams([
  ['a', tensor([1, 2], [1, 2])],
  ['b', scalar(-2)],
]); // √(1 + 4 + 4) = 3

describe('clipGradients', () => {
  it('shortens all gradients by one factor, down to the norm asked for', () => {
    const { grads: clipped, norm } = clipGradients(grads, 1.5);
    expect(norm.dataSync()[0]).toBe(3);
    expect([...clipped['a']!.dataSync()].map((x) => x.toFixed(5))).toEqual(['0.50000', '1.00000']);
    expect(clipped['b']!.dataSync()[0]).toBeCloseTo(-1, 5);
  });

  it('leaves shorter gradients alone, and zeros zero', () => {
    for (const maxNorm of [3.1, Number.POSITIVE_INFINITY]) {
      expect([...clipGradients(grads, maxNorm).grads['a']!.dataSync()]).toEqual([1, 2]);
    }
    const zero = clipGradients(createParams([['a', scalar(0)]]), 1);
    expect([zero.norm.dataSync()[0], zero.grads['a']!.dataSync()[0]]).toEqual([0, 0]);
    expect(globalNorm(createParams([['a', scalar(-4)]])).dataSync()[0]).toBe(4);
  });
});
