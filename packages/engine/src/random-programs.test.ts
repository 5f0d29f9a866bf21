import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import { registerGradients } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jit } from './index.js';
import { evaluateWithGradients, type RandomProgram, randomProgram } from './random-programs.fixture.js';

// Random graphs of operations, in value and gradient: eager on tfjs's cpu backend against compiled. Many programs are one function with
// many outputs, which is fast and lets them share nodes. `RANDOM_PROGRAMS=2000` runs so many, `RANDOM_SEED` others.

registerGradients();

const together = 25;
const wanted = Number(process.env['RANDOM_PROGRAMS'] ?? 2 * together);
const seed = Number(process.env['RANDOM_SEED'] ?? 1);

const random = randomStream(createKey(5));
const inputs = [[2, 3], [3], [2, 1, 3], []].map((shape) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape,
  ),
);

/** Rounding: 2e-5 of the largest number of an array, of 1 where all are smaller. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  return Math.max(0, ...Array.from(expected, (e, i) => Math.abs(actual[i]! - e) / scale));
}

describe('random programs', () => {
  it(`are the same eager and compiled (${wanted})`, { timeout: 3_600_000 }, async () => {
    let compared = 0;
    const batch = fc.asyncProperty(fc.array(randomProgram, { minLength: together, maxLength: together }), async (programs) => {
      const run = (...xs: tf.Tensor[]) => programs.map((program: RandomProgram) => evaluateWithGradients(program, xs));
      const expected = tf.tidy(() => run(...inputs));
      const compiled = jit(run);
      try {
        const results = await compiled(...inputs);
        for (const [i, arrays] of results.entries()) {
          for (const [j, array] of arrays.entries()) {
            const reference = expected[i]![j]!;
            expect(array.shape).toEqual(reference.shape);
            expect(difference(await array.read(), await reference.data()), `array ${j} of program ${i}`).toBeLessThanOrEqual(2e-5);
            array.dispose();
          }
        }
        compared += programs.length;
      } finally {
        await compiled.dispose();
        tf.dispose(expected);
      }
    });
    await fc.assert(batch, { numRuns: Math.ceil(wanted / together), seed });
    expect(compared).toBeGreaterThanOrEqual(wanted);
  });
});
