import '@tensorflow/tfjs';
import { add, div, grads, mean, mul, rsqrt, sqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

const [x, weight, bias] = [matrix(3, 8), matrix(8), matrix(8)];
const ops = async (...args: Parameters<typeof optimizedNodes>) => (await optimizedNodes(...args)).map(({ op }) => op);
const normalized = (x: Tensor, epsilon = 1e-5, axis = 1) => {
  const centred = sub(x, mean(x, axis, true));
  return mul(centred, rsqrt(add(mean(square(centred), axis, true), epsilon)));
};

describe('fuseLayerNorm', () => {
  it('makes one operator of a forward pass', async () => {
    const nodes = await optimizedNodes((x, w, b) => add(mul(normalized(x!, 2 ** -10), w!), b!), x, weight, bias);
    expect(nodes.map(({ op, inputs }) => `${op} ${inputs.length}`)).toEqual(['LayerNormalization 3']);
    expect(nodes[0]!.attributes['epsilon']).toEqual({ float: 2 ** -10 });
  });

  it('keeps what a gradient needs', async () => {
    const all = (x: Tensor, w: Tensor, b: Tensor) => grads((x: Tensor, w: Tensor, b: Tensor) => add(mul(normalized(x), w), b))([x, w, b]);
    const found = await ops(all as never, x, weight, bias);
    expect(found.filter((op) => op === 'LayerNormalization').length).toBe(1);
  });

  it('leaves other quotients alone', async () => {
    const layerNorms = async (fn: (x: Tensor) => Tensor, of = x) =>
      (await ops(fn as never, of)).filter((op) => op === 'LayerNormalization').length;
    expect(await layerNorms((x) => normalized(x))).toBe(1);
    expect(await layerNorms((x) => normalized(x, 1e-5, 0)), 'over rows').toBe(0);
    expect(await layerNorms((x) => mul(x, rsqrt(add(mean(square(x), 1, true), 1e-5)))), 'not centred').toBe(0);
    expect(await layerNorms((x) => div(sub(x, mean(x, 1, true)), sqrt(add(mean(square(x), 1, true), 1)))), 'another variance').toBe(0);
    const elsewhere = (x: Tensor) => {
      const centred = sub(x, mean(x, 1, true));
      return mul(sub(x, 1), rsqrt(add(mean(square(centred), 1, true), 1e-5)));
    };
    expect((await ops(elsewhere as never, x)).at(-1), 'another dividend').toBe('Mul');
  });
});
