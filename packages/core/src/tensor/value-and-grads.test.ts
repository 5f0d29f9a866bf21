import '@tensorflow/tfjs';
import {
  add,
  bincount,
  matMul,
  memory,
  mul,
  type Scalar,
  scalar,
  square,
  sum,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../errors.js';
import { createParams } from './params.js';
import { valueAndGrads } from './value-and-grads.js';

type Record = { [name: string]: Tensor };

describe('valueAndGrads', () => {
  it('differentiates by every parameter, by name: w·x + b at w = [2, 3], x = [4, 5], b = 1', () => {
    const loss = ({ w, b }: Record, x: Tensor) => sum<Scalar>(add(mul(w!, x), b!));
    const { value, grads, terms } = valueAndGrads(loss)(
      createParams([
        ['w', tensor1d([2, 3])],
        ['b', scalar(1)],
      ] as [string, Tensor][]),
      tensor1d([4, 5]),
    );
    expect(value.dataSync()[0]).toBe(25); // 8 + 1 + 15 + 1
    expect([...grads['w']!.dataSync()]).toEqual([4, 5]);
    expect([...grads['b']!.dataSync()]).toEqual([2]); // broadcast over two
    expect(terms).toEqual({});
  });

  it('reports terms beside the value, also when a term is the total or a parameter itself', () => {
    const { value, terms, grads } = valueAndGrads(({ w }: Record) => {
      const total = sum<Scalar>(square(w!));
      return { total, terms: { all: total, own: w as Scalar } };
    })({ w: scalar(3) });
    expect([value, terms['all']!, terms['own']!, grads['w']!].map((tensor) => tensor.dataSync()[0])).toEqual([9, 9, 3, 6]);
  });

  it('leaves nothing behind but its results, also when it throws', () => {
    const w = tensor2d([[1, 2]]);
    const x = tensor2d([[3], [4]]);
    const unused = scalar(1);
    const before = memory().numTensors;
    const run = valueAndGrads((params: Record) => {
      const total = sum<Scalar>(square(matMul(params['w']!, x)));
      return { total, terms: { half: mul(total, 0.5) } };
    });
    const { value, terms, grads } = run({ w });
    expect(memory().numTensors).toBe(before + 3);
    for (const tensor of [value, ...Object.values(terms), ...Object.values(grads)]) tensor.dispose();
    expect(() => run({ w, unused })).toThrow(OptionError);
    expect(memory().numTensors).toBe(before);
    expect(w.isDisposed).toBe(false);
  });

  it('names what does not reach the loss, an empty record, and an operation without a gradient', () => {
    const squares = ({ w }: Record) => sum<Scalar>(square(w!));
    expect(() => valueAndGrads(squares)({ w: scalar(1), v: scalar(2) })).toThrow(
      'valueAndGrads: `params` must all reach the loss, got v without a path to it. Pass what is not trained apart (partitionParams)',
    );
    expect(() => valueAndGrads(squares)({})).toThrow('valueAndGrads: `params` must hold a parameter, got none');
    const counts = ({ w }: Record) => sum<Scalar>(bincount(tensor1d([0], 'int32'), w as Tensor1D, 1));
    expect(() => valueAndGrads(counts)({ w: tensor1d([1]) })).toThrow(
      'tfjs has no gradient for this operation: compute what needs none inside `detached`',
    );
  });
});
