import '@tensorflow/tfjs';
import { createParams, mapParams, valueAndGrads } from '@fsc-clip/core/tensor';
import {
  add,
  booleanMaskAsync,
  cast,
  gather,
  getBackend,
  greater,
  image,
  matMul,
  mean,
  memory,
  mul,
  randomNormal,
  range,
  type Scalar,
  setdiff1dAsync,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tensor,
  tensor1d,
  tensor2d,
  unique,
  whereAsync,
  zeros,
} from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Compiled, type DeviceArray, type Input, type JitOptions, jit, type Output } from './index.js';
import { encodeProgram } from './onnx/encode.js';
import { trace } from './trace/trace.js';

const owned: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const compiled of owned.splice(0)) await compiled.dispose();
});

/** `jit`, disposed after the test. */
function compile<Args extends unknown[], Result>(fn: (...args: Args) => Result, options?: JitOptions): Compiled<Args, Result> {
  const compiled = jit(fn, options);
  owned.push(compiled);
  return compiled;
}

const numbers = async (array: DeviceArray) => [...(await array.read())];
const host = (values: number[], shape = [values.length]) => ({ data: Float32Array.from(values), shape });

interface Line {
  w: Tensor;
  b: Tensor;
}

const lineLoss = ({ w, b }: Line, x: Tensor, y: Tensor) => mean(square(sub(add(matMul(x, w), b), y))) as Scalar;
const descend = (params: Line, x: Tensor, y: Tensor, learningRate: Scalar) => {
  const { value, grads } = valueAndGrads((p, a: Tensor, t: Tensor) => lineLoss(p as unknown as Line, a, t))(
    createParams(Object.entries(params)),
    x,
    y,
  );
  const moved = mapParams(grads, (grad, name) => sub(params[name as keyof Line], mul(learningRate, grad)));
  return { params: { w: moved['w']!, b: moved['b']! }, grads: { w: grads['w']!, b: grads['b']! }, loss: value };
};
const start = (): Line => ({
  w: tensor2d([
    [0.1, 0.2],
    [0.3, 0.4],
  ]),
  b: tensor1d([0, 0.5]),
});
const x = tensor2d([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const y = tensor2d([
  [1, 0],
  [0, 1],
  [1, 1],
]);

describe('arguments and results', () => {
  it('takes trees of host arrays, tensors, numbers and its own results, and gives back the tree of the function', async () => {
    const f = compile((args: { a: Tensor; list: Tensor[] }, scale: Scalar) => ({
      sums: args.list.map((item) => add(item, args.a)),
      scaled: mul(args.a, scale),
      fixed: 7,
    }));
    const first = await f({ a: host([1, 2]), list: [tensor1d([10, 20]), host([0, 1])] }, 3);
    expect(await numbers(first.scaled)).toEqual([3, 6]);
    expect(first.fixed).toBe(7);
    const second = await f({ a: first.scaled, list: first.sums }, 0.5);
    expect(await Promise.all(second.sums.map(numbers))).toEqual([
      [14, 28],
      [4, 9],
    ]);
    expect(second.scaled).toMatchObject({ shape: [2], dtype: 'float32' });
  });

  it('does not compile again for another number, and says so for another shape', async () => {
    const traced = vi.fn((a: Tensor, rate: Scalar) => mul(a, rate));
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const f = compile(traced);
    expect(await numbers(await f(host([1]), 2))).toEqual([2]);
    expect(await numbers(await f(host([1]), 5))).toEqual([5]);
    expect(traced).toHaveBeenCalledTimes(1);
    expect(await numbers(await f(host([1, 2]), 5))).toEqual([5, 10]);
    expect(traced).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls[0]![0]).toContain('is compiled for the 2nd time: arguments[0] was float32 [1], now float32 [2]. Keep');
    warn.mockRestore();
  });

  it('keeps as many programs as it is told', async () => {
    const traced = vi.fn((a: Tensor) => mul(a, 2));
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const f = compile(traced, { maxPrograms: 2 });
    for (const size of [1, 2, 1, 3, 1, 2]) expect(await numbers(await f(host(Array(size).fill(3))))).toEqual(Array(size).fill(6));
    expect(traced.mock.calls.map(([a]) => a.size)).toEqual([1, 2, 3, 2]); // 2 was the least recently used when 3 came
    warn.mockRestore();
    expect(() => compile(traced, { maxPrograms: 0 })).toThrow('jit: `maxPrograms` must be an integer of at least 1, got 0');
  });

  it('holds large constants beside the model', async () => {
    const large = { a: mul(range(0, 5000), 0.5), b: cast(range(0, 9000), 'int32') };
    const f = compile((row: Tensor) => [gather(large.a, row), gather(large.b, row)]);
    const [a, b] = await f({ data: Int32Array.of(4999, 1), shape: [2] });
    expect(await numbers(a!)).toEqual([2499.5, 0.5]);
    expect(await numbers(b!)).toEqual([4999, 1]);
    const { model, constants } = encodeProgram((await trace(() => large.a, { tree: { kind: 'list', items: [] }, leaves: [] })).graph);
    expect(model.byteLength).toBeLessThan(1000);
    expect(constants.map(({ bytes }) => bytes.byteLength)).toEqual([20000]);
  });

  it('passes int32 and bool, and results that are arguments or constants themselves', async () => {
    const constant = tensor1d([4, 5], 'int32');
    const f = compile((a: Tensor, b: Tensor) => [a, a, b, constant, zeros([3])]);
    const results = await f({ data: Int32Array.of(-1, 2), shape: [2] }, { data: Uint8Array.of(0, 1), shape: [2] });
    expect(await Promise.all(results.map(numbers))).toEqual([
      [-1, 2],
      [-1, 2],
      [0, 1],
      [4, 5],
      [0, 0, 0],
    ]);
    expect(results.map(({ dtype }) => dtype)).toEqual(['int32', 'int32', 'bool', 'int32', 'float32']);
  });

  it('leaves strings out, so that a batch goes in as it comes from a loader', async () => {
    const f = compile((batch: { images: Tensor; keys?: readonly string[] }) => ({ twice: mul(batch.images, 2), seen: 'keys' in batch }));
    const { twice, seen } = await f({ images: host([1]), keys: ['a.jpg'] });
    expect(await numbers(twice)).toEqual([2]);
    expect(seen).toBe(false);
  });

  it('leaves no tensor behind and gives tfjs its backend back', async () => {
    const before = { backend: getBackend(), tensors: memory().numTensors };
    const params = start();
    const f = compile(descend);
    await f(params, x, y, 0.1);
    expect(getBackend()).toBe(before.backend);
    params.w.dispose();
    params.b.dispose();
    expect(memory().numTensors).toBe(before.tensors);
  });
});

describe('training', () => {
  const trained = async (options: JitOptions): Promise<number[][]> => {
    const step = compile(descend, options);
    let params: Input<Line> = start();
    const seen: number[][] = [];
    for (let i = 0; i < 4; i++) {
      const { loss, grads, params: next }: Output<ReturnType<typeof descend>> = await step(params, x, y, 0.05);
      seen.push(await numbers(loss), ...(await Promise.all([grads.w, grads.b].map(numbers))));
      params = next;
    }
    return seen;
  };

  it('gives bit-equal losses and gradients with and without donation', async () => {
    expect(await trained({ donate: [0] })).toEqual(await trained({}));
  });

  it('agrees with the eager function', async () => {
    const [compiled, eager] = await Promise.all([trained({}), trained({ device: 'eager', donate: [0] })]);
    for (const [i, value] of compiled.flat().entries()) expect(value).toBeCloseTo(eager.flat()[i]!, 5);
  });

  it('freezes captured tensors at the first trace', async () => {
    let captured = tensor1d([1, 2]);
    const f = compile((a: Tensor) => add(a, captured));
    expect(await numbers(await f(host([0, 0])))).toEqual([1, 2]);
    captured = tensor1d([9, 9]);
    expect(await numbers(await f(host([0, 0])))).toEqual([1, 2]);
    expect(captured.isDisposed).toBe(false);
  });

  it('keeps the event loop alive while a program runs', async () => {
    const big = { data: new Float32Array(600 * 600).fill(0.001), shape: [600, 600] };
    const f = compile((a: Tensor) => sum(Array.from({ length: 20 }).reduce<Tensor>((product) => matMul(product, a), a)));
    await f(big); // compiled
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await f(big);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
});

describe('refusals', () => {
  const refusal = async (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: Error) => `${error.name}: ${error.message}`,
    );

  it('names the line that reads a value while tracing', async () => {
    const f = compile((a: Tensor) => mul(a, a.dataSync()[0]!));
    expect(await refusal(f(host([1])))).toMatch(/DeviceError: jit: `fn` cannot read the values of a tensor.*jit\.test\.ts:\d+/);
  });

  it('names the line that asks for values by a promise, also in a function that does not wait for them', async () => {
    const reading = /DeviceError: jit: `fn` cannot read the values of a tensor.*got data\(\) at .*jit\.test\.ts:\d+/;
    expect(await refusal(compile(async (a: Tensor) => mul(a, (await a.data())[0]!))(host([1])))).toMatch(reading);
    const forgetful = compile((a: Tensor) => {
      a.data().then(() => expect.unreachable());
      return a;
    });
    expect(await refusal(forgetful(host([1])))).toMatch(reading);
    expect(await refusal(compile((a: Tensor) => a.array() as never)(host([1])))).toContain('got array() at');
    expect(await refusal(compile((a: Tensor) => mul(a, a.arraySync() as never))(host([1])))).toContain('got arraySync() at');
  });

  it.each([
    ['booleanMaskAsync', (a: Tensor) => booleanMaskAsync(a, greater(a, 0))],
    ['whereAsync', (a: Tensor) => whereAsync(greater(a, 0))],
    ['setdiff1dAsync', (a: Tensor) => setdiff1dAsync(a, a)],
    ['nonMaxSuppressionAsync', (a: Tensor) => image.nonMaxSuppressionAsync(zeros([1, 4]), a as Tensor1D, 2)],
  ])('refuses a shape that depends on values: %s', async (name, fn) => {
    expect(await refusal(compile(fn as (a: Tensor) => never)(host([1])))).toMatch(
      new RegExp(`cannot make a shape that depends on values.*got ${name}\\(\\) at .*jit\\.test\\.ts:\\d+:\\d+\\. Keep all elements`),
    );
  });

  it('names an operation without a rule, and why it has none', async () => {
    expect(await refusal(compile((a: Tensor) => unique(a).values)(host([1])))).toMatch(
      /must use operations that can be compiled, got Unique at .*jit\.test\.ts:\d+:\d+\. The shape of its result depends on the values/,
    );
    const suppress = compile((a: Tensor) => image.nonMaxSuppression(zeros([1, 4]), a as Tensor1D, 2));
    expect(await refusal(suppress(host([1])))).toMatch(/got NonMaxSuppressionV3 at .*jit\.test\.ts.*depends on the values/);
  });

  it('refuses random numbers that a trace would freeze', async () => {
    const f = compile((a: Tensor) => add(a, randomNormal([1])));
    expect(await refusal(f(host([1])))).toContain('Use uniform(key, shape)');
    expect(Math.random()).toBeLessThan(1);
  });

  it('refuses a compiled function inside a trace, and an asynchronous one', async () => {
    const inner = compile((a: Tensor) => mul(a, 2));
    const outer = compile((a: Tensor) => {
      inner(a as never).catch((error: Error) => (caught = error));
      return a;
    });
    let caught: Error | undefined;
    await outer(host([1]));
    expect(caught?.message).toContain('cannot call a compiled function while it is traced');
    const slow = compile(async (a: Tensor) => a);
    expect(await refusal(slow(host([1])))).toContain('must be synchronous');
  });

  it('refuses arrays that were donated, disposed, or passed twice', async () => {
    const f = compile((a: Tensor, b: Tensor) => add(a, b), { donate: [0] });
    const a = await f(host([1]), host([2]));
    const b = await f(a, host([3]));
    expect(await refusal(f(a, host([1])))).toContain('arguments[0]` must be a live array, got one that was donated');
    expect(await refusal(a.read())).toContain('donated');
    expect(await refusal(f(b, b))).toContain('cannot consume an array that another argument passes too');
    b.dispose();
    b.dispose();
    expect(await refusal(b.read())).toContain('disposed');
  });

  it('a failed run consumes nothing, and says what failed', async () => {
    const f = compile((a: Tensor, rows: Tensor) => gather(a, rows), { donate: [0] });
    const a = await compile((v: Tensor) => mul(v, 3))(host([1, 2]));
    expect(await refusal(f(a, { data: Int32Array.of(7), shape: [1] }))).toMatch(
      /DeviceError: jit: `device` cpu must carry out the program.*GatherV2_0/s,
    );
    expect(await numbers(a)).toEqual([3, 6]);
  });

  it('refuses a tensor that was disposed', async () => {
    const gone = tensor1d([1]);
    gone.dispose();
    const f = compile((a: Tensor) => a);
    expect(await refusal(f(gone))).toContain('arguments[0]` must be a live array, got one that was disposed');
  });

  it('explains wrong arguments and options', async () => {
    const f = compile((a: Tensor) => a);
    expect(await refusal(f({ data: Float32Array.of(1, 2), shape: [3] }))).toContain(
      'with as many numbers as its shape [3] says, got a Float32Array of 2',
    );
    expect(await refusal(f(new Float32Array(2) as never))).toContain('got a bare Float32Array');
    expect(() => jit((a: Tensor) => a, { device: 'gpu' as never })).toThrow('must be one of cpu, webgpu, cuda, eager, got gpu');
    expect(() => jit(3 as never)).toThrow('jit: `fn` must be a function, got number');
    expect(() => tensor([1]).dataSync()).not.toThrow();
  });
});
