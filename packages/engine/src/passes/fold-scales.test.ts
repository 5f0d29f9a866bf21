import '@tensorflow/tfjs';
import { add, matMul, mul, sum, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

const [a, b, bias] = [matrix(3, 4), matrix(4, 5), matrix(5)];
const ops = async (...args: Parameters<typeof optimizedNodes>) => (await optimizedNodes(...args)).map(({ op }) => op);

describe('foldScales', () => {
  it('scales a product, and its biases, inside the product', async () => {
    const nodes = await optimizedNodes((x, y, c) => mul(add(matMul(x!, y!), c as Tensor1D), 1.5), a, b, bias);
    expect(nodes.map(({ op }) => op)).toEqual(['MatMul']);
    expect(nodes[0]!.attributes).toMatchObject({ alpha: { float: 1.5 }, beta: { float: 1.5 } });
  });

  it('scales a sum of products inside them, as an adapter beside its weight is', async () => {
    const lora = (x: Tensor, y: Tensor, z: Tensor) => mul(add(matMul(x, y), mul(matMul(x, z), 0.25)), 3);
    const nodes = await optimizedNodes(lora as never, a, b, matrix(4, 5));
    expect(nodes.map(({ op }) => op)).toEqual(['MatMul', 'MatMul', 'Add']);
    expect(nodes.map(({ attributes }) => attributes['alpha'])).toEqual([{ float: 3 }, { float: 0.75 }, undefined]);
  });

  it('takes numbers in from both sides, batched and transposed too', async () => {
    const scores = (x: Tensor, y: Tensor) => matMul(mul(x, 0.5), mul(y, 4), false, true);
    const nodes = await optimizedNodes(scores as never, matrix(2, 3, 4), matrix(2, 5, 4));
    expect(nodes.map(({ op }) => op)).toEqual(['MatMul']);
    expect(nodes[0]!.attributes['alpha']).toEqual({ float: 2 });
  });

  it('scales a sum after it is taken', async () => {
    expect(await ops((x) => sum(mul(x!, 3), 1), a)).toEqual(['ReduceSum', 'Mul']);
  });

  it('leaves a product alone that somebody else reads, and a scaled value that a sum of two reads', async () => {
    const both = (x: Tensor, y: Tensor) => {
      const product = matMul(x, y);
      return [product, mul(product, 2)];
    };
    expect(await ops(both as never, a, b)).toEqual(['MatMul', 'Mul']);
    const shared = (x: Tensor, y: Tensor) => {
      const scaled = mul(x, 2);
      return [matMul(scaled, y), add(scaled, 1)];
    };
    expect((await ops(shared as never, a, b)).sort()).toEqual(['Add', 'MatMul', 'Mul']);
  });

  it('leaves numbers alone that come as arguments', async () => {
    expect(await ops((x, y, scale) => mul(matMul(x!, y!), scale!), a, b, matrix())).toEqual(['MatMul', 'Mul']);
  });
});
