import '@tensorflow/tfjs';
import { add, matMul, mul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { type Compiled, type DeviceArray, type Isolation, type JitOptions, jit } from './index.js';
import { DeviceWorker, deviceWorker } from './runtime/device-worker.js';

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
const refusal = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );
/** Some tenths of a second of work. */
const slow = (a: Tensor) => sum(Array.from({ length: 20 }).reduce<Tensor>((product) => matMul(product, a), a));
const large = { data: new Float32Array(600 * 600).fill(1 / 600), shape: [600, 600] };

describe('memory', () => {
  const tall = { data: new Float32Array(2_000_000), shape: [2_000_000, 1] };

  it.each([
    ['a result', (a: Tensor) => matMul(a, a, false, true)],
    ['an intermediate', (a: Tensor) => sum(matMul(a, a, false, true))],
  ])('%s of 16 TB is refused, and the worker goes on', async (_, fn) => {
    expect(await refusal(compile(fn)(tall))).toMatch(
      /DeviceError: .* cpu must carry out .*lloca.* not that much memory: take a smaller batch/s,
    );
    expect(await numbers(await compile((a: Tensor) => sum(a))(tall))).toEqual([0]);
  });
});

describe('arguments', () => {
  it('a shape that the function cannot take is refused with its line, and the programs for others stay', async () => {
    const product = compile((a: Tensor, b: Tensor) => matMul(a, b));
    const two = host([1, 2, 3, 4], [2, 2]);
    expect(await numbers(await product(two, two))).toEqual([7, 10, 15, 22]);
    expect(await refusal(product(two, host([1, 2, 3], [3, 1])))).toMatch(
      /ShapeError: matMul: `a, b` must agree in the size that is summed over, got \[2, 2\] and \[3, 1\] at .*faults\.test\.ts:\d+/,
    );
    expect(await numbers(await product(two, two))).toEqual([7, 10, 15, 22]);
  });

  it('a type or a shape that no program has is refused', async () => {
    const f = compile((a: Tensor) => a);
    expect(await refusal(f({ data: Float64Array.of(1), shape: [1] } as never))).toContain('got a Float64Array of 1');
    expect(await refusal(f(host([1, 2], [-1, -2])))).toContain('its shape [-1, -2]');
    expect(await refusal(f(host([1], [0.5, 2])))).toContain('its shape [0.5, 2]');
  });

  it('an array that is disposed or donated while the call is on its way is refused', async () => {
    const twice = compile((a: Tensor) => mul(a, 2), { donate: [0] });
    const [a, b] = [await twice(host([1])), await twice(host([2]))];
    const disposed = twice(a);
    a.dispose();
    expect(await refusal(disposed)).toContain('must be a live array, got one that was disposed');
    const [first, second] = [twice(b), refusal(twice(b))];
    expect(await numbers(await first)).toEqual([8]);
    expect(await second).toContain('must be a live array, got one that was donated');
  });
});

describe('dispose', () => {
  it('waits for the calls under way, which get their results', async () => {
    const f = compile(slow);
    let settled = 0;
    const calls = [f(large), f(large)];
    for (const call of calls) call.finally(() => settled++);
    await f.dispose();
    expect(settled).toBe(2);
    for (const call of calls) expect((await (await call).read())[0]).toBeCloseTo(600, 0);
  });

  it('a later call compiles anew', async () => {
    let traces = 0;
    const f = compile((a: Tensor) => {
      traces++;
      return mul(a, 3);
    });
    const first = await f(host([1]));
    await f.dispose();
    await f.dispose();
    expect(await numbers(await f(first))).toEqual([9]);
    expect(traces).toBe(2);
  });
});

describe.each<Isolation>(['thread', 'process'])('a worker that dies (%s)', (isolate) => {
  const dying = (at: string) =>
    new DeviceWorker('cpu', isolate, { from: import.meta.url, file: './runtime/dies.test-worker', data: { at } });

  it('while it works: its calls reject', async () => {
    const worker = dying('request');
    const calls = [1, 2].map((array) => refusal(worker.send({ kind: 'read', array })));
    for (const message of await Promise.all(calls)) {
      expect(message).toMatch(/^DeviceError: jit: `device` cpu must carry out .* ended with code 7\. The next call starts a new one/);
    }
    expect(worker.alive).toBe(false);
    expect(await refusal(worker.send({ kind: 'read', array: 1 }))).toMatch(
      /read: `device` cpu must be running, got its .* ended with code 7/,
    );
  });

  it('while it loads: says why', async () => {
    const message = await refusal(dying('load').send({ kind: 'read', array: 1 }));
    expect(message).toMatch(isolate === 'thread' ? /its worker failed: no such library/ : /its process ended with code 1/);
  });

  it('the next call starts a new one; arrays of the old one refuse by name', async () => {
    const f = compile((a: Tensor, b: Tensor) => add(a, b), { isolate });
    const old = await f(host([1]), host([2]));
    const worker = deviceWorker('cpu', isolate);
    worker.channel.close();
    expect(await refusal(worker.send({ kind: 'read', array: 1 }))).toContain('DeviceError');
    expect(await refusal(f(old, host([1])))).toContain('arguments[0]` must be a live array, got an array of a cpu worker that died');
    expect(await refusal(old.read())).toContain('died');
    old.dispose();
    expect(await numbers(await f(host([3]), host([4])))).toEqual([7]);
  });
});

it('a process of its own that crashes in a run takes nothing with it', async () => {
  const f = compile(slow, { isolate: 'process' });
  await f(large);
  const call = refusal(f(large));
  const pid = Number(deviceWorker('cpu', 'process').channel.worker.match(/^process (\d+)$/)![1]);
  process.kill(pid, 'SIGSEGV');
  expect(await call).toMatch(/DeviceError: .* got its process was ended by SIGSEGV/);
  expect((await (await f(large)).read())[0]).toBeCloseTo(600, 0);
});

it('arrays do not pass between a thread and a process', async () => {
  const a = await compile((v: Tensor) => v)(host([1]));
  expect(await refusal(compile((v: Tensor) => v, { isolate: 'process' })(a))).toContain(
    'must be on cpu in a process of its own, got an array on cpu',
  );
  expect(() => jit((v: Tensor) => v, { isolate: 'both' as never })).toThrow('must be one of thread, process, got both');
});
