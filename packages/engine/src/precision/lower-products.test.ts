import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Graph, Node, Value } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { trace } from '../trace/trace.js';
import { halfNumbers } from './half.js';
import { inPrecision } from './in-precision.js';
import { loweringFor, type Precision } from './precision.js';

type T = tf.Tensor;

/** The graph of a function of float32 arrays. */
async function graphOf(fn: (...args: T[]) => unknown, shapes: number[][], precision: Precision = 'fp16'): Promise<Graph> {
  const tree = { kind: 'list', items: shapes.map(() => ({ kind: 'leaf' as const })) } as const;
  const traced = await trace(fn as never, { tree, leaves: shapes.map((shape) => ({ shape, dtype: 'float32' })) });
  return inPrecision(traced, loweringFor('cuda', precision)).graph;
}

const typed = ({ op, inputs, outputs }: Node) => `${op}(${inputs.map(({ dtype }) => dtype)}) ${outputs[0]!.dtype}`;
const operators = (graph: Graph) => liveNodes(graph).map(typed);
const count = (graph: Graph, text: string) => operators(graph).filter((operator) => operator === text).length;
const down = 'Cast(float32) float16';
const up = 'Cast(float16) float32';

describe('products in half precision', () => {
  it('round their operands and give float32 again; arguments, results and all else stay float32', async () => {
    const graph = await graphOf(
      (x, w) => tf.softmax(tf.matMul(x, w)),
      [
        [2, 3],
        [3, 4],
      ],
    );
    const half = operators(graph).filter((operator) => operator.includes('float16'));
    expect(half).toEqual([down, down, 'MatMul(float16,float16) float16', up]);
    expect([...graph.inputs, ...graph.outputs].map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32']);
  });

  it('follow one another without casts there and back, also when what lies between only moves numbers', async () => {
    const chain = (x: T, w: T, v: T) => tf.matMul(tf.slice(tf.reshape(tf.matMul(x, w), [6, 2]), [1, 0], [2, 2]), v);
    const graph = await graphOf(chain, [
      [3, 3],
      [3, 4],
      [2, 2],
    ]);
    expect([count(graph, down), count(graph, up)]).toEqual([3, 1]);
    expect(operators(graph)).toContain('Slice(float16,int64,int64,int64,int64) float16');
  });

  it('do not round what is sliced out of a larger array', async () => {
    const graph = await graphOf(
      (table, w) => tf.matMul(tf.slice(table, [0, 0], [1, 3]), w),
      [
        [100, 3],
        [3, 2],
      ],
    );
    expect(operators(graph)[0]).toMatch(/^Slice\(float32/);
  });

  it('round a weight once, for the product and for both of its gradients', async () => {
    const step = (x: T, w: T) => {
      const [dx, dw] = tf.grads((a: T, b: T) => tf.sum(tf.square(tf.matMul(a, b))) as tf.Scalar)([x, w]);
      return { dx, dw };
    };
    const graph = await graphOf(step, [
      [2, 3],
      [3, 4],
    ]);
    expect(count(graph, 'MatMul(float16,float16) float16')).toBe(3);
    expect(count(graph, down)).toBe(3); // x, w, the gradient of the product
  });

  it('keep constants rounded, transposed ones too', async () => {
    const frozen = tf.tensor([1, 2.0001, -3, 1e-9, 7e4, 6], [2, 3]);
    const graph = await graphOf((x) => [tf.matMul(x, frozen), tf.matMul(x, tf.transpose(frozen), false, true)], [[1, 2]]);
    expect(count(graph, down)).toBe(1);
    const constants = new Set(
      liveNodes(graph).flatMap(({ inputs }) => inputs.filter(({ source, dtype }) => source.kind === 'constant' && dtype !== 'int64')),
    );
    expect([...constants].map(({ dtype }: Value) => dtype)).toEqual(['float16']);
    const { source } = [...constants][0]!;
    expect(source.kind === 'constant' && source.data).toEqual(halfNumbers(Float32Array.of(1, 2.0001, -3, 1e-9, 7e4, 6), 'float16'));
  });

  it('stay float32 in a scope of that name, with their gradients; others around it do not', async () => {
    const step = (x: T, w: T, v: T) => {
      const loss = (a: T, b: T, c: T) => tf.sum(tf.square(tf.tidy('float32', () => tf.matMul(tf.matMul(a, b), c)))) as tf.Scalar;
      return tf.grads((a: T, b: T, c: T) => loss(tf.matMul(a, b), c, b))([x, w, v]);
    };
    const plain = await graphOf(
      (a, b) => tf.tidy('float32', () => tf.matMul(a, b)),
      [
        [2, 2],
        [2, 2],
      ],
    );
    expect(operators(plain)).toEqual(['MatMul(float32,float32) float32']);
    const graph = await graphOf(step, [
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expect(count(graph, 'MatMul(float32,float32) float32')).toBeGreaterThanOrEqual(6);
  });

  it('are bfloat16 with bf16; convolutions are not', async () => {
    const product = await graphOf(
      (x, w) => tf.matMul(x, w),
      [
        [2, 3],
        [3, 4],
      ],
      'bf16',
    );
    expect(operators(product)).toContain('MatMul(bfloat16,bfloat16) bfloat16');
    const convolution = (x: T, w: T) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid');
    const shapes = [
      [1, 4, 4, 2],
      [2, 2, 2, 3],
    ];
    expect(operators(await graphOf(convolution, shapes, 'bf16')).join()).not.toContain('bfloat16');
    expect(operators(await graphOf(convolution, shapes))).toContain('Conv(float16,float16) float16');
  });

  it('change nothing with fp32', async () => {
    const graph = await graphOf(
      (x: T, w: T) => tf.matMul(x, w),
      [
        [2, 3],
        [3, 4],
      ],
      'fp32',
    );
    expect(operators(graph)).toEqual(['MatMul(float32,float32) float32']);
  });
});
