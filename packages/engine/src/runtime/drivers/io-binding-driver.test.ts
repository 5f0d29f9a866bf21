import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey, type HostArray, randomStream } from '@fsc-clip/core';
import { adamW, valueAndGrads } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { CompiledSpec } from '../../program.js';
import type { DType } from '../../types.js';
import type { HostNumbers, Numbers } from '../protocol.js';
import type { DeviceDriver, DeviceProgram, Feed } from './driver.js';
import { createHostDriver } from './host-driver.js';
import { createIoBindingDriver } from './io-binding-driver.js';
import { specOf } from './spec.fixture.js';

type T = tf.Tensor;

// All of it on the provider `cpu`: onnxruntime allocates and binds there as it does on a GPU.
const driver = await createIoBindingDriver('cpu');

const dtypes: Record<string, DType> = { Float32Array: 'float32', Int32Array: 'int32', Uint8Array: 'bool' };
const numbers = ({ data, shape }: HostArray): HostNumbers => ({ data: data as Numbers, shape, dtype: dtypes[data.constructor.name]! });
const random = randomStream(createKey(3));
const normal = (...shape: number[]): HostArray => ({
  data: Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
  shape,
});

/** The feeds of a program, for all arguments of its function in order. */
function feedsOf<Held extends object>({ inputs }: CompiledSpec, args: readonly (Held | HostArray)[]): Map<string, Feed<Held>> {
  const isHost = (value: object): value is HostArray => 'data' in value && 'shape' in value;
  return new Map(
    inputs.map(({ name, index }) => {
      const value = args[index]!;
      return [name, isHost(value) ? { numbers: numbers(value) } : { array: value, move: () => undefined }];
    }),
  );
}

/** Opens a function on a driver, and runs it. */
async function open<Held extends object>(on: DeviceDriver<Held>, fn: (...args: never[]) => unknown, args: readonly HostArray[]) {
  const spec = await specOf(fn, args);
  const program: DeviceProgram<Held> = await on.open(spec.program);
  return { run: (values: readonly (Held | HostArray)[]) => program.run(feedsOf(spec, values)), release: () => program.release() };
}

/** A function of numbers, by the driver. */
async function compute(fn: (...args: never[]) => unknown, ...args: HostArray[]): Promise<Numbers[]> {
  const { run, release } = await open(driver, fn, args);
  const results = await run(args);
  const read = await Promise.all(results.map((array) => driver.read(array)));
  for (const array of results) driver.free(array);
  await release();
  return read;
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );

it('zeros of the call are fed as an array of zeros', async () => {
  const spec = await specOf((x: T) => tf.add(x, 1), [normal(3)]);
  const program = await driver.open(spec.program);
  const [result] = await program.run(new Map([[spec.inputs[0]!.name, { numbers: { zeros: true, shape: [3], dtype: 'float32' } }]]));
  expect(await driver.read(result!)).toEqual(Float32Array.of(1, 1, 1));
  driver.free(result!);
  await program.release();
});

it.each<HostNumbers>([
  { data: Float32Array.of(1, -0, 3), shape: [3], dtype: 'float32' },
  { data: Int32Array.of(-1), shape: [], dtype: 'int32' },
  { data: Uint8Array.of(1, 0), shape: [2, 1], dtype: 'bool' },
])('puts numbers on the device, which are fed from there: $dtype', async (given) => {
  const put = await driver.put(given);
  expect(await driver.read(put)).toEqual(given.data);
  const spec = await specOf((x: T) => [tf.reverse(x)], [given]);
  const program = await driver.open(spec.program);
  const [result] = await program.run(new Map([[spec.inputs[0]!.name, { array: put, move: () => undefined }]]));
  expect(await driver.read(result!)).toEqual(given.data.slice().reverse());
  for (const array of [put, result!]) driver.free(array);
  await program.release();
});

describe('state', () => {
  const optimizer = adamW({ weightDecay: 0.1 });
  const names = ['w', 'u'];
  const shapes = [
    [4, 6],
    [6, 2],
  ];
  /** AdamW on a small net: the count of steps, weights and moments go in, and come out after the loss. */
  const train = (x: T, step: tf.Scalar, ...state: T[]) => {
    const part = (i: number) => Object.fromEntries(names.map((name, j) => [name, state[2 * i + j]!]));
    const { value, grads } = valueAndGrads((p) => tf.mean(tf.square(tf.matMul(tf.tanh(tf.matMul(x, p['w']!)), p['u']!))) as tf.Scalar)(
      part(0),
    );
    const held = { step, expAvg: part(1), expAvgSq: part(2) };
    const next = optimizer.update(grads, held, part(0), { learningRate: 0.1 });
    const records = [next.params, next.state.expAvg, next.state.expAvgSq];
    return [value, next.state.step, ...records.flatMap((record) => names.map((name) => record[name]!))];
  };
  const initial: HostArray[] = [
    { data: Float32Array.of(0), shape: [] },
    ...shapes.map((shape) => normal(...shape)),
    ...[...shapes, ...shapes].map((shape) => ({ data: new Float32Array(shape[0]! * shape[1]!), shape })),
  ];
  const batches = Array.from({ length: 20 }, () => normal(5, 4));

  /** The losses of all steps and the last state; every state is freed once it was fed. */
  async function trained<Held extends object>(on: DeviceDriver<Held>): Promise<Numbers[]> {
    const { run, release } = await open(on, train as never, [batches[0]!, ...initial]);
    let state: (Held | HostArray)[] = initial;
    const seen: Numbers[] = [];
    for (const [i, batch] of batches.entries()) {
      const [loss, ...next] = await run([batch, ...state]);
      if (i > 0) for (const array of state) on.free(array as Held);
      seen.push((await on.read(loss!)).slice()); // what is read may be the array's own memory
      on.free(loss!);
      state = next;
    }
    for (const array of state) seen.push((await on.read(array as Held)).slice());
    await release();
    return seen;
  }

  it('stays bound over 20 steps, and equals the host driver to the bit', async () => {
    const bound = await trained(driver);
    expect(bound).toHaveLength(20 + 7);
    expect(bound[19]![0]).toBeLessThan(bound[0]![0]!);
    expect(bound[20]![0]).toBe(20);
    expect(bound).toEqual(await trained(createHostDriver('cpu')));
  });

  it('a result never lies over an input, also when it is fed again and again', async () => {
    const a = normal(64, 64);
    const { run, release } = await open(driver, ((v: T) => [tf.mul(v, 2), tf.sub(v, tf.transpose(v))]) as never, [a]);
    const [first] = await run([a]);
    const before = await driver.read(first!);
    const later = [...(await run([first!])), ...(await run([first!]))];
    expect(await driver.read(first!)).toEqual(before);
    expect(await driver.read(later[0]!)).toEqual(await driver.read(later[2]!));
    for (const array of [first!, ...later]) driver.free(array);
    await release();
  });

  it('outlives the program that made it', async () => {
    const { run, release } = await open(driver, ((v: T) => tf.add(v, 1)) as never, [normal(3)]);
    const [array] = await run([{ data: Float32Array.of(1, 2, 3), shape: [3] }]);
    await release();
    const other = await open(driver, ((v: T) => tf.mul(v, 10)) as never, [normal(3)]);
    const [product] = await other.run([array!]);
    driver.free(array!);
    expect([...(await driver.read(product!))]).toEqual([20, 30, 40]);
    driver.free(product!);
    await other.release();
  });

  it('takes no more memory after 2,000 steps', async () => {
    const a = normal(100, 100); // 40 kB: a result that is not freed would be 80 MB in the end
    const { run, release } = await open(driver, ((v: T, b: T) => [tf.add(v, b), tf.sum(v)]) as never, [a, a]);
    let [state] = await run([a, a]);
    const steps = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const [next, sum] = await run([state!, a]);
        await driver.read(sum!);
        driver.free(state!);
        driver.free(sum!);
        state = next;
      }
      return process.memoryUsage.rss();
    };
    const before = await steps(500);
    expect((await steps(2000)) - before).toBeLessThan(30e6);
    driver.free(state!);
    await release();
  });
});

describe('arrays', () => {
  it('of every type, scalars and empty ones go in and out', async () => {
    const identity = (...values: T[]) => values.map((value) => tf.reshape(value, value.shape.toReversed()));
    const args: HostArray[] = [
      { data: Float32Array.of(1.5, -0, Number.NaN), shape: [3, 1] },
      { data: Int32Array.of(2 ** 31 - 1, -7), shape: [2] },
      { data: Uint8Array.of(1, 0, 1), shape: [1, 3] },
      { data: Float32Array.of(7), shape: [] },
      { data: Int32Array.of(-1), shape: [] },
      { data: new Float32Array(0), shape: [0, 3] },
      { data: new Uint8Array(0), shape: [2, 0] },
    ];
    expect(await compute(identity as never, ...args)).toEqual(args.map(({ data }) => data));
    const [large, count] = await compute(((v: T) => [tf.greater(v, 1), tf.argMax(v)]) as never, args[0]!);
    expect([large, count]).toEqual([Uint8Array.of(1, 0, 0), Int32Array.of(0)]);
  });

  it('that lie in the middle of a buffer', async () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    expect(await compute(((v: T) => tf.mul(v, 3)) as never, { data, shape: [2] })).toEqual([Float32Array.of(3, 6)]);
  });
});

describe('constants', () => {
  it('beside the model and in it; their bytes are free once the program is open', async () => {
    const large = tf.tensor(normal(300, 50).data as Float32Array, [300, 50]);
    const small = tf.tensor([1, 2], [2, 1]);
    const x = normal(4, 300);
    const fn = (v: T) => tf.concat([tf.matMul(v, large), tf.broadcastTo(tf.sum(small), [4, 1])], 1);
    const expected = await fn(tf.tensor(x.data as Float32Array, [4, 300])).data();
    const spec = await specOf(fn as never, [x]);
    expect(spec.program.constants.map(({ bytes }) => bytes.byteLength)).toEqual([300 * 50 * 4]);
    const { model, constants, outputs } = spec.program;
    const copies = constants.map(({ name, bytes }) => ({ name, bytes: bytes.slice() }));
    const program = await driver.open({ model: model.slice(), constants: copies, outputs });
    for (const { bytes } of copies) structuredClone(bytes.fill(255).buffer, { transfer: [bytes.buffer] }); // gone
    const [array] = await program.run(new Map([[spec.inputs[0]!.name, { numbers: numbers(x) }]]));
    const got = await driver.read(array!);
    expect(got).toHaveLength(4 * 51);
    got.forEach((number, i) => {
      expect(number).toBeCloseTo(expected[i]!, 4);
    });
    driver.free(array!);
    await program.release();
  });
});

describe('failures', () => {
  const gather = (table: T, rows: T) => tf.gather(table, rows as tf.Tensor1D);
  const rows = (...data: number[]): HostArray => ({ data: Int32Array.from(data), shape: [data.length] });

  it('a run that fails says why, and leaves its inputs alive', async () => {
    const table = normal(3, 2);
    const { run, release } = await open(driver, gather as never, [table, rows(0, 1)]);
    const held = await open(driver, ((v: T) => tf.mul(v, 1)) as never, [table]);
    const [array] = await held.run([table]);
    expect(await refusal(run([array!, rows(0, 9)]))).toMatch(/indices element out of data bounds/);
    const [row] = await run([array!, rows(2, 2)]);
    expect(await driver.read(row!)).toEqual(Float32Array.of(...[4, 5, 4, 5].map((i) => table.data[i]!)));
    expect(await driver.read(array!)).toEqual(table.data);
    for (const one of [array!, row!]) driver.free(one);
    await Promise.all([release(), held.release()]);
  });

  it('what is no model, a missing constant, a wrong shape', async () => {
    const x = normal(2, 200);
    const { program, inputs } = await specOf(((v: T) => tf.matMul(v, tf.ones([200, 200]))) as never, [x]);
    expect(await refusal(driver.open({ ...program, model: Uint8Array.of(1, 2, 3) }))).toMatch(/protobuf/i);
    const opened = await driver.open(program);
    const feed = new Map([[inputs[0]!.name, { numbers: numbers(normal(3, 200)) }]]);
    expect(await refusal(opened.run(feed))).toMatch(/invalid dimensions.*Got: 3 Expected: 2/s);
    await opened.release();
    const constant = tf.tensor(normal(100, 100).data as Float32Array, [100, 100]);
    const beside = await specOf(((v: T) => tf.matMul(v, constant)) as never, [normal(2, 100)]);
    expect(await refusal(driver.open({ ...beside.program, constants: [] }))).toMatch(/external/i);
  });

  it('memory that is not there is an error, and the next run goes on', async () => {
    const tall = { data: new Float32Array(2_000_000), shape: [2_000_000, 1] };
    const { run, release } = await open(driver, ((v: T) => tf.matMul(v, v, false, true)) as never, [tall]);
    expect(await refusal(run([tall]))).toMatch(/alloc/i);
    await release();
    expect(await compute(((v: T) => tf.sum(v)) as never, tall)).toEqual([Float32Array.of(0)]);
  });

  it('a machine without CUDA says what it lacks when a session is opened', async () => {
    const cuda = await createIoBindingDriver('cuda');
    const { program } = await specOf(((v: T) => tf.neg(v)) as never, [normal(2)]);
    expect(await refusal(cuda.open(program))).toMatch(/no error|cannot open shared object file|CUDA|not supported|not enabled/);
  });
});

describe('profile', () => {
  it('is written when the program is released, with every operator as it was sent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fsc-clip-test-'));
    const a = normal(8, 8);
    // an optimizing session would fold the two transposes into none
    const { program, inputs } = await specOf(((v: T) => tf.transpose(tf.relu(tf.transpose(tf.matMul(v, v))))) as never, [a]);
    const opened = await driver.open(program, join(folder, 'run'));
    for (let i = 0; i < 2; i++) {
      for (const array of await opened.run(new Map([[inputs[0]!.name, { numbers: numbers(a) }]]))) driver.free(array);
    }
    expect(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8')).not.toContain('_kernel_time');
    await opened.release();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8')) as {
      name: string;
      args: { op_name?: string };
    }[];
    rmSync(folder, { recursive: true });
    const kernels = events.filter(({ name }) => name.endsWith('_kernel_time')).map(({ args }) => args.op_name);
    expect(kernels.filter((name) => name === 'Transpose')).toHaveLength(4);
    expect(events.filter(({ name }) => name === 'model_run')).toHaveLength(2);
  });
});
