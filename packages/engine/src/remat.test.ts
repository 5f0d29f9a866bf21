import '@tensorflow/tfjs';
import { createKey, foldIn, randomStream } from '@fsc-clip/core';
import { foldInKey, remat, uniform, valueAndGrads } from '@fsc-clip/core/tensor';
import { add, grad, matMul, mul, type Scalar, square, sum, type Tensor, type Tensor1D, type Tensor2D, tanh } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { isArgument, prepare } from './arguments.js';
import type { Node } from './graph/graph.js';
import { liveNodes } from './graph/order.js';
import { jit } from './jit.js';
import { trace } from './trace/trace.js';
import { flatten } from './tree.js';

const random = randomStream(createKey(3));
const host = (...shape: number[]) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 2),
  shape,
});
const key = { data: Int32Array.from(foldIn(createKey(1), 'dropout')), shape: [2] };
const params = { w: host(6, 6), b: host(6) };
const x = host(4, 6);

/** Gradients of three layers that share their weights, captured, with noise inside. */
const step =
  (wrap: <F extends (v: Tensor2D) => Tensor2D>(fn: F) => F) =>
  ({ w, b }: { w: Tensor; b: Tensor }, input: Tensor, noise: Tensor) => {
    const { value, grads } = valueAndGrads((held) => {
      const layer = wrap((v: Tensor2D) => {
        const drawn = uniform(foldInKey(noise as Tensor1D, 'layer'), [4, 6]);
        return tanh(add(matMul(mul(v, drawn) as Tensor2D, held['w'] as Tensor2D), held['b']!));
      });
      return sum(square(layer(layer(layer(input as Tensor2D))))) as Scalar;
    })({ w, b });
    return { value, w: grads['w']!, b: grads['b']! };
  };

it('a compiled remat gives the same bits', async () => {
  const compiled = [jit(step((fn) => fn)), jit(step(remat as never))];
  const [plain, again] = await Promise.all(compiled.map((run) => run(params, x, key)));
  for (const name of ['value', 'w', 'b'] as const) expect(await again![name]!.read()).toEqual(await plain![name]!.read());
  await Promise.all(compiled.map((run) => run.dispose()));
});

it('computes again when the gradient is there, merged with nothing', async () => {
  const tanhs = async (wrap: Parameters<typeof step>[0]) => {
    const { shape: tree, leaves } = flatten([params, x, key], isArgument, 'arguments');
    const { graph } = await trace(step(wrap) as never, { tree, leaves: await Promise.all(leaves.map((leaf) => prepare(leaf))) });
    return liveNodes(graph).filter(({ op }) => op === 'Tanh');
  };
  expect(await tanhs((fn) => fn)).toHaveLength(3);
  const nodes = await tanhs(remat as never);
  expect(nodes).toHaveLength(6);
  const before = (node: Node, found = new Set<Node>()): Set<Node> => {
    for (const { source } of node.inputs) {
      if (source.kind !== 'node' || found.has(source.node)) continue;
      before(source.node, found.add(source.node));
    }
    return found;
  };
  // Each of the second ones needs all that ran before it: the whole forward pass and the layers behind its own.
  for (const [i, node] of nodes.entries()) if (i >= 3) expect([...before(node)]).toEqual(expect.arrayContaining(nodes.slice(0, i)));
});

it('has gradients of gradients', async () => {
  const run = jit((v: Tensor) => grad((a) => grad((y) => remat((z: Tensor) => mul(z, square(z)))(y))(a))(v));
  const result = await run({ data: Float32Array.of(2), shape: [] });
  expect([...(await result.read())]).toEqual([12]); // 6x
  await run.dispose();
});
