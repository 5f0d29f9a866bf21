import '@tensorflow/tfjs';
import {
  add,
  cast,
  customGrad,
  engine,
  gather,
  grad,
  grads,
  greater,
  matMul,
  memory,
  mul,
  type Scalar,
  scalar,
  square,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../errors.js';
import { remat } from './remat.js';
import { valueAndGrads } from './value-and-grads.js';

const numbers = (tensors: Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

describe('remat', () => {
  it('gives the gradient by computing again: d/dx of x²·w = 2xw, d/dw = x²', () => {
    let calls = 0;
    const fn = remat((x: Tensor, w: Tensor) => {
      calls += 1;
      return mul(square(x), w);
    });
    expect(fn(scalar(3), scalar(5)).dataSync()[0]).toBe(45);
    expect(calls).toBe(1);
    expect(numbers(grads((x, w) => fn(x!, w!))([scalar(3), scalar(5)]))).toEqual([[30], [9]]);
    expect(calls).toBe(3); // forward and again
  });

  it('keeps nothing but its inputs until the backward pass', () => {
    const kept = (wrap: (fn: (x: Tensor) => Tensor) => (x: Tensor) => Tensor) => {
      let before = 0;
      let held = 0;
      const look = customGrad((x) => ({
        value: (x as Tensor).clone(),
        gradFunc: (dy: Tensor) => {
          held = memory().numDataBuffers - before;
          return dy;
        },
      }));
      const block = wrap((x) => square(square(square(x))));
      const x = scalar(1.1);
      before = memory().numDataBuffers;
      grad((v) => look(block(block(v))))(x);
      return held;
    };
    expect(kept((fn) => fn)).toBeGreaterThan(kept(remat) + 3);
  });

  it('takes several results, whole numbers, and the same tensor twice', () => {
    const fn = (table: Tensor, ids: Tensor, again: Tensor): Tensor[] => {
      const rows = gather(table, ids as never);
      return [square(rows), mul(sum(rows), again), cast(greater(rows, 0), 'int32')];
    };
    const table = tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const ids = tensor1d([2, 0, 2], 'int32');
    const loss = (f: typeof fn) => (t: Tensor) => {
      const [squares, weighed] = f(t, ids, t) as [Tensor, Tensor];
      return add(sum(squares), sum(mul(weighed, 0.1))) as Scalar;
    };
    expect(numbers([grad(loss(remat(fn)))(table)])).toEqual(numbers([grad(loss(fn))(table)]));
    const second = (f: typeof fn) => (t: Tensor) => sum(f(t, ids, t)[1]!); // the other results have no gradient
    expect(numbers([grad(second(remat(fn)))(table)])).toEqual(numbers([grad(second(fn))(table)]));
  });

  it('reaches captured parameters, also through a remat inside', () => {
    const x = tensor2d([1, 2, 3, 4], [2, 2]);
    const w = tensor2d([0.5, -1, 2, 0.25], [2, 2]);
    const b = tensor1d([1, -1]);
    const net = (wrap: typeof remat) => (params: Record<string, Tensor>) => {
      const inner = wrap((v: Tensor) => square(add(matMul(v as typeof x, params['w'] as typeof w), params['b']!)));
      const outer = wrap((v: Tensor) => mul(inner(inner(v)), 2));
      return sum(square(outer(x))) as Scalar;
    };
    const plain = valueAndGrads(net((fn) => fn))({ w, b });
    const again = valueAndGrads(net(remat))({ w, b });
    expect(numbers([again.value, again.grads['w']!, again.grads['b']!])).toEqual(
      numbers([plain.value, plain.grads['w']!, plain.grads['b']!]),
    );
  });

  it('refuses to go on without a captured tensor that is gone', () => {
    const loss = (x: Scalar) =>
      tidy(() => {
        const twice = mul(x, 2);
        return remat((y: Tensor) => mul(y, twice))(x) as Scalar;
      });
    const run = () => grad((x) => loss(x as Scalar))(scalar(3));
    expect(run).toThrow(OptionError);
    expect(run).toThrow(
      'remat: `fn` must capture only tensors that live until the backward pass, got a disposed float32 []. Pass it as an argument',
    );
  });

  it('may return its input, and has gradients of gradients', () => {
    expect(numbers([grad((x) => mul(remat((y: Tensor) => y)(x), x))(scalar(3))])).toEqual([[6]]);
    const cube = remat((x: Tensor) => mul(x, square(x)));
    expect(numbers([grad((x) => grad((y) => cube(y))(x))(scalar(2))])).toEqual([[12]]); // 6x
  });

  it('leaves no tensors and no tape behind', () => {
    const fn = remat((x: Tensor) => square(mul(x, 2)));
    const x = scalar(3);
    const before = memory().numTensors;
    grad((v) => fn(fn(v)))(x).dispose();
    tidy(() => fn(x)).dispose();
    expect(memory().numTensors).toBe(before);
    expect(engine().state.activeTape).toBeNull();
  });
});
