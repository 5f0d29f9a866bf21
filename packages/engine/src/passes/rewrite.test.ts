import '@tensorflow/tfjs';
import { add, exp, mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { liveNodes } from '../graph/order.js';
import { trace } from '../trace/trace.js';
import { rewrite } from './rewrite.js';

const signature = {
  tree: { kind: 'list' as const, items: [{ kind: 'leaf' as const }] },
  leaves: [{ shape: [2], dtype: 'float32' as const }],
};
const large = Float32Array.from({ length: 100 }, (_, i) => i);

describe('rewrite', () => {
  it('keeps arguments, constants, names and origins; numbers of constants are shared', async () => {
    const constant = tensor(large);
    const { graph } = await trace(((x: Tensor) => [x, exp(x), constant, tensor([1, 2]), exp(exp(x))]) as never, signature);
    const same = rewrite(graph, () => undefined);
    const describeNodes = (of: typeof graph) => liveNodes(of).map(({ name, op, origin }) => ({ name, op, origin }));
    expect(describeNodes(same)).toEqual(describeNodes(graph));
    expect(same.outputs.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(graph.outputs.map(({ shape, dtype }) => ({ shape, dtype })));
    expect(same.outputs[0]).toBe(same.inputs[0]);
    const numbers = [graph, same].map(({ outputs }) => (outputs[2]!.source as { data?: Float32Array }).data);
    expect(numbers[0]).toBe(numbers[1]);
    expect(new Set([...same.inputs, ...same.outputs].map(({ id }) => id)).size).toBe(5);
  });

  it('makes what two rewritten nodes have in common once, and drops what nobody reads any more', async () => {
    const { graph } = await trace(((x: Tensor) => [add(exp(x), 1), mul(exp(mul(x, 1.5)), 2)]) as never, signature);
    const plain = rewrite(graph, ({ node, inputs }) => (node.op === 'Mul' ? [inputs[0]!] : undefined)); // as if every factor were 1
    expect(liveNodes(plain).map(({ op }) => op)).toEqual(['Exp', 'Add']);
  });

  it('knows who reads a value; a result is read from outside', async () => {
    const { graph } = await trace(((x: Tensor) => [exp(x), add(exp(x), x)]) as never, signature);
    const seen: Record<string, (string | undefined)[]> = {};
    rewrite(graph, ({ node, readers }) => {
      seen[node.op] = readers(node.outputs[0]!).map((reader) => reader?.op);
      return undefined;
    });
    expect(seen).toEqual({ Exp: ['Add', undefined], Add: [undefined] });
  });
});
