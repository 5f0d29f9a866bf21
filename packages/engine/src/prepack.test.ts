import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import { grad, matMul, mean, type Scalar, square, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { jit } from './index.js';
import { specifyProgram } from './program.js';
import { trace } from './trace/trace.js';
import type { Isolation, JitOptions } from './types.js';

const random = randomStream(createKey(5));
const normal = (rows: number, columns: number) => Float32Array.from({ length: rows * columns }, () => random.normal());
const weight = tensor2d(normal(96, 64), [96, 64]); // 24 kB: beside the model
const x = { data: normal(8, 96), shape: [8, 96] };
/** A frozen weight, read by two products. */
const gradient = (input: Tensor) => grad((value: Tensor) => mean(square(matMul(value, weight))) as Scalar)(input);

async function compute(options: JitOptions): Promise<readonly number[]> {
  const compiled = jit(gradient, options);
  const numbers = await (await compiled(x)).read();
  await compiled.dispose();
  return [...numbers];
}

it.each<Isolation>(['thread', 'process'])('weights that are held once give the same numbers (%s)', async (isolate) => {
  const packed = await compute({});
  const once = await compute({ prepack: false, isolate });
  for (const [i, number] of packed.entries()) expect(once[i]).toBeCloseTo(number, 6);
});

it('weights that are held once are fed, and others given to the session', async () => {
  const leaf = { shape: x.shape, dtype: 'float32' as const };
  const traced = await trace(gradient as never, { tree: { kind: 'list', items: [{ kind: 'leaf' }] }, leaves: [leaf] });
  const fedShapes = async (prepack: boolean) => {
    const { program } = await specifyProgram('cpu', traced, { prepack });
    return program.constants.map(({ fedShape }) => fedShape);
  };
  expect(await fedShapes(false)).toEqual([[96, 64]]);
  expect(await fedShapes(true)).toEqual([undefined]);
});

it('weights that are held once count once', async () => {
  const constants = async (prepack: boolean) => (await jit(gradient, { prepack }).memory(x)).constants;
  expect((await constants(true)) - (await constants(false))).toBe(weight.size * 4);
});
