import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import {
  abs,
  add,
  div,
  erf,
  gather,
  grads,
  matMul,
  memory,
  mul,
  norm,
  reshape,
  sigmoid,
  softmax,
  split,
  sqrt,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { causalBias } from '../model/text-tower.js';
import { attention } from './attention.js';
import { gatherRows } from './gather-rows.js';
import { gelu, quickGelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';
import { normalize } from './normalize.js';

function random(seed: number, ...shape: number[]): Tensor {
  const stream = randomStream(createKey(seed));
  return tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * stream.normal()),
    shape,
  );
}

function plainAttention(qkv: Tensor2D, batch: number, length: number, heads: number, bias?: Tensor): Tensor2D {
  const width = qkv.shape[1] / 3;
  const byHead = (x: Tensor) => transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const [q, k, v] = split(qkv, 3, 1).map(byHead) as [Tensor, Tensor, Tensor];
  const scores = div(matMul(q, k, false, true), Math.sqrt(width / heads));
  return reshape(transpose(matMul(softmax(bias ? add(scores, bias) : scores), v), [0, 2, 1, 3]), [batch * length, width]);
}

function plainLayerNorm(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const centred = sub(x, div(sum(x, 1, true), x.shape[1]!));
  const variance = div(sum(mul(centred, centred), 1, true), x.shape[1]!);
  return add(mul(div(centred, sqrt(add(variance, 1e-5))), weight), bias);
}

const indices = tensor1d([2, 0, 2, 4], 'int32');
type Forms = readonly [ours: (...inputs: Tensor[]) => Tensor, plain: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]];
const forms: Readonly<Record<string, Forms>> = {
  layerNorm: [
    (x, w, b) => layerNorm(x as Tensor2D, w as Tensor1D, b as Tensor1D),
    plainLayerNorm as Forms[1],
    [random(1, 5, 8), random(2, 8), random(3, 8)],
  ],
  gelu: [(x) => gelu(x!), (x) => mul(x!, mul(0.5, add(1, erf(mul(x!, Math.SQRT1_2))))), [random(1, 4, 7)]],
  quickGelu: [(x) => quickGelu(x!), (x) => mul(x!, sigmoid(mul(x!, 1.702))), [random(1, 4, 7)]],
  normalize: [(x) => normalize(x as Tensor2D), (x) => div(x!, norm(x!, 2, 1, true)), [random(1, 4, 7)]],
  gatherRows: [(x) => gatherRows(x as Tensor2D, indices), (x) => gather(x!, indices), [random(1, 5, 3)]],
  attention: [
    (x) => attention(x as Tensor2D, { batch: 2, length: 3, heads: 2 }),
    (x) => plainAttention(x as Tensor2D, 2, 3, 2),
    [random(1, 6, 24)],
  ],
  'causal attention': [
    (x) => attention(x as Tensor2D, { batch: 2, length: 3, heads: 2, bias: causalBias(3) }),
    (x) => plainAttention(x as Tensor2D, 2, 3, 2, causalBias(3)),
    [random(1, 6, 24)],
  ],
};

describe.each(Object.entries(forms))('%s', (_, [ours, plain, inputs]) => {
  const largestDifference = (a: Tensor, b: Tensor) => Math.max(...abs(sub(a, b)).dataSync());

  it('has the value and the gradients of the plain form', () => {
    tidy(() => {
      const value = plain(...inputs);
      expect(ours(...inputs).shape).toEqual(value.shape);
      expect(largestDifference(ours(...inputs), value)).toBeLessThan(2e-6);
      const dy = random(9, ...value.shape);
      const expected = grads(plain)(inputs, dy);
      const actual = grads(ours)(inputs, dy);
      for (const [i, gradient] of expected.entries()) expect(largestDifference(actual[i]!, gradient), `input ${i}`).toBeLessThan(1e-5);
    });
  });

  it('leaves nothing behind', () => {
    const before = memory().numTensors;
    tidy(() => void grads(ours)(inputs));
    expect(memory().numTensors).toBe(before);
  });
});

describe('layerNorm', () => {
  it('is (x - mean) / sqrt(variance + 1e-5)', () => {
    const y = layerNorm(tensor2d([[1, 3]]), tensor1d([2, 2]), tensor1d([1, 1])).dataSync(); // mean 2, variance 1
    expect(y[0]).toBeCloseTo(1 - 2 / Math.sqrt(1 + 1e-5), 6);
    expect(y[1]).toBeCloseTo(1 + 2 / Math.sqrt(1 + 1e-5), 6);
  });
});

describe('normalize', () => {
  it('keeps a row of zeros', () => expect([...normalize(tensor2d([[0, 0]])).dataSync()]).toEqual([0, 0]));
});
