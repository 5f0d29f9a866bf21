import '@tensorflow/tfjs';
import { adamW, valueAndGrads } from '@fsc-clip/core/tensor';
import { add, matMul, mean, mul, scalar, square, sub, sum, type Tensor, tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { jit } from './index.js';

it('compiles a function of tensors', async () => {
  const f = jit((x: Tensor, w: Tensor) => ({ y: matMul(x, w), s: sum(mul(x, 2)) }));
  const { y, s } = await f(
    { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    tensor2d([
      [1, 0],
      [0, 1],
    ]),
  );
  expect([...(await y.read())]).toEqual([1, 2, 3, 4]);
  expect([...(await s.read())]).toEqual([20]);
  await f.dispose();
});
it('trains', async () => {
  const optimizer = adamW({ weightDecay: 0.1 });
  const step = (state: any, x: Tensor, t: Tensor, lr: any) => {
    const { value, grads } = valueAndGrads((p, a: Tensor, b: Tensor) => mean(square(sub(add(matMul(a, p.w!), p.b!), b))) as any)(
      state.params,
      x,
      t,
    );
    const next = optimizer.update(grads, state.opt, state.params, { learningRate: lr });
    return { state: { params: next.params, opt: next.state }, loss: value };
  };
  const make = () => {
    const params = {
      w: tensor2d([
        [0.1, 0.2],
        [0.3, 0.4],
      ]),
      b: tensor([0, 0]),
    };
    return { params, opt: optimizer.init(params) };
  };
  const x = tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    t = tensor2d([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
  let eager: any = make();
  const a: number[] = [];
  for (let i = 0; i < 5; i++) {
    const r = step(eager, x, t, 0.1);
    a.push(r.loss.dataSync()[0]!);
    eager = r.state;
  }
  const compiled = jit(step, { donate: [0] });
  let s: any = make();
  const b: number[] = [];
  for (let i = 0; i < 5; i++) {
    const r: any = await compiled(s, x, t, 0.1);
    b.push((await r.loss.read())[0]!);
    s = r.state;
  }
  expect(b.map((v) => v.toFixed(5))).toEqual(a.map((v) => v.toFixed(5)));
  expect(scalar(1).dataSync()[0]).toBe(1);
});
