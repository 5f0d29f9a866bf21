import { foldInKernel, uniformKernel } from '@fsc-clip/core/tensor';
import type { GraphBuilder } from '../graph/builder.js';
import { sizeOf, type Value } from '../graph/graph.js';
import { binary, cast } from './elementwise.js';
import type { Rule } from './rule.js';
import { concat, reshape } from './shapes.js';

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Threefry-2x32 of core, on words held as non-negative int64 (ONNX has few operators for uint32). */
function threefry(g: GraphBuilder, key: readonly [Value, Value], counter: readonly [Value, Value]): [Value, Value] {
  const number = (n: number) => g.constant(BigInt64Array.of(BigInt(n)), [1], 'int64');
  const mask = number(2 ** 32 - 1);
  const add = (a: Value, b: Value) => binary(g, 'BitwiseAnd', binary(g, 'Add', a, b), mask);
  const xor = (a: Value, b: Value) => binary(g, 'BitwiseXor', a, b);
  const rotate = (x: Value, by: number) =>
    binary(g, 'Add', binary(g, 'BitwiseAnd', binary(g, 'Mul', x, number(2 ** by)), mask), binary(g, 'Div', x, number(2 ** (32 - by))));
  const schedule = [key[0], key[1], xor(xor(key[0], key[1]), number(0x1bd11bda))];
  let x0 = add(counter[0], schedule[0]!);
  let x1 = add(counter[1], schedule[1]!);
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[group % 2]!) {
      x0 = add(x0, x1);
      x1 = xor(rotate(x1, by), x0);
    }
    x0 = add(x0, schedule[(group + 1) % 3]!);
    x1 = add(add(x1, schedule[(group + 2) % 3]!), number(group + 1));
  }
  return [x0, x1];
}

/** The two words of a key, as non-negative int64 [1] each. */
function keyWords(g: GraphBuilder, key: Value): [Value, Value] {
  const mask = g.constant(BigInt64Array.of(2n ** 32n - 1n), [1], 'int64');
  const word = (index: number) => {
    const picked = g.node('Gather', [key, g.constant(Int32Array.of(index), [1], 'int32')], [1], 'int32', { axis: { int: 0 } });
    return binary(g, 'BitwiseAnd', cast(g, picked, 'int64'), mask);
  };
  return [word(0), word(1)];
}

/** The engine's own random primitives, bit for bit what core computes eagerly. */
export const randomRules: Record<string, Rule> = {
  [uniformKernel]: (g, { key }, { shape }: { shape: number[] }) => {
    const size = sizeOf(shape);
    const pairs = Math.ceil(size / 2);
    const counter = g.constant(
      BigInt64Array.from({ length: pairs }, (_, i) => BigInt(i)),
      [pairs],
      'int64',
    );
    const words = threefry(g, keyWords(g, key!), [g.constant(BigInt64Array.of(0n), [1], 'int64'), counter]);
    const bits = words.map((value) =>
      reshape(g, cast(g, binary(g, 'Div', value, g.constant(BigInt64Array.of(256n), [1], 'int64')), 'float32'), [pairs, 1]),
    );
    const drawn = binary(g, 'Mul', reshape(g, concat(g, bits, 1), [pairs * 2]), g.splat(2 ** -24, [], 'float32'));
    const wanted = g.node('Slice', [drawn, g.int64s([0]), g.int64s([size]), g.int64s([0])], [size], 'float32');
    return reshape(g, wanted, shape);
  },
  [foldInKernel]: (g, { key }, { counter }: { counter: readonly number[] }) => {
    const number = (n: number) => g.constant(BigInt64Array.of(BigInt(n)), [1], 'int64');
    const words = threefry(g, keyWords(g, key!), [number(counter[0]!), number(counter[1]!)]);
    const sign = number(2 ** 31);
    const signed = words.map((word) => binary(g, 'Sub', binary(g, 'BitwiseXor', word, sign), sign)); // as int32 holds the same 32 bits
    return cast(g, concat(g, signed, 0), 'int32');
  },
};
