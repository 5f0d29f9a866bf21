import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import { createParams, valueAndGrads } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DeviceArray, jit } from './index.js';

// Losses as users write them, of kinds that no package here has: each compiles to the numbers of the eager function, with state that is
// donated from step to step, or is refused with a sentence.

type Tensors = Record<string, tf.Tensor>;
/** `params` are differentiated, `state` is what a step hands to the next one. */
type Loss = (params: Tensors, state: Tensors) => { loss: tf.Scalar; state: Tensors };

const random = randomStream(createKey(21));
const normal = (...shape: number[]) => tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, random.normal), shape);

/** Lovász hinge (arXiv 1705.08790): errors sorted, weighted by the differences of a Jaccard index along the sorted labels. */
const lovasz: Loss = ({ logits }, state) => {
  const labels = tf.cast(tf.greater(tf.sin(tf.range(0, logits!.size)), 0), 'float32');
  const errors = tf.sub(1, tf.mul(logits!, tf.sub(tf.mul(labels, 2), 1)));
  const { values, indices } = tf.topk(errors, errors.size, true);
  const sorted = tf.gather(labels, indices);
  const total = tf.sum(sorted);
  const union = tf.add(total, tf.cumsum(tf.sub(1, sorted)));
  const jaccard = tf.sub(1, tf.div(tf.sub(total, tf.cumsum(sorted)), union));
  const before = tf.concat([tf.zeros([1]), tf.slice(jaccard, 0, errors.size - 1)]);
  return { loss: tf.sum(tf.mul(tf.relu(values), tf.sub(jaccard, before))) as tf.Scalar, state };
};

/** ListMLE (ICML 2008): log-likelihood of an order, by cumulative sums from the end; and returns discounted along time. */
const listwise: Loss = ({ scores, rewards }, state) => {
  const shifted = tf.sub(scores!, tf.max(scores!, 1, true));
  const tails = tf.cumsum(tf.exp(shifted), 1, false, true);
  const likelihood = tf.mean(tf.sub(tf.log(tails), shifted));
  const discount = tf.cumprod(tf.fill([rewards!.shape[1]!], 0.9), 0, true);
  const returns = tf.div(tf.cumsum(tf.mul(rewards!, discount), 1, false, true), discount);
  return { loss: tf.add(likelihood, tf.mean(tf.square(returns))) as tf.Scalar, state };
};

/** Distance to the centres of classes, which move towards the means of their samples; single cells picked and overwritten. */
const centres: Loss = ({ features }, { centres }) => {
  const labels = tf.tensor1d([2, 0, 2, 1, 2, 0], 'int32');
  const own = tf.gather(centres!, labels);
  const sums = tf.unsortedSegmentSum(features!, labels, 4);
  const counts = tf.unsortedSegmentSum(tf.ones([6]), labels, 4);
  const means = tf.divNoNan(sums, tf.expandDims(counts, 1));
  const moved = tf.where(tf.greater(tf.expandDims(counts, 1), 0), tf.add(tf.mul(centres!, 0.9), tf.mul(means, 0.1)), centres!);
  const cells = tf.tensor2d([0, 1, 3, 2, 5, 0], [3, 2], 'int32');
  const picked = tf.gatherND(features!, cells);
  // tfjs's cpu backend writes into the tensor that tensorScatterUpdate is given.
  const rest = tf.tensorScatterUpdate(tf.mul(features!, 1), cells, tf.zeros([3]));
  const loss = tf.addN([tf.mean(tf.squaredDifference(features!, own)), tf.sum(tf.square(picked)), tf.mean(tf.abs(rest))]);
  return { loss: loss as tf.Scalar, state: { centres: moved } };
};

/** Attention inside segments, causal, in a window, with rows that may look at nothing; a focal factor on what is hardest. */
const masked: Loss = ({ queries, keys }, state) => {
  const segments = tf.tensor1d([1, 1, 1, 2, 2, 0, 3, 3], 'int32');
  const positions = tf.range(0, 8, 1, 'int32');
  const same = tf.equal(tf.expandDims(segments, 1), tf.expandDims(segments, 0));
  const past = tf.sub(tf.expandDims(positions, 1), tf.expandDims(positions, 0));
  const near = tf.logicalAnd(tf.greaterEqual(past, 0), tf.less(past, 3));
  const seen = tf.logicalAnd(tf.logicalAnd(same, near), tf.logicalNot(tf.equal(tf.expandDims(segments, 0), 0)));
  const scores = tf.where(seen, tf.matMul(queries!, keys!, false, true), tf.fill([8, 8], -Infinity));
  const anything = tf.any(seen, 1, true);
  const weights = tf.softmax(tf.where(anything, scores, tf.zerosLike(scores)));
  const entropy = tf.neg(tf.sum(tf.mul(weights, tf.log(tf.maximum(weights, 1e-6))), 1));
  const focal = tf.pow(tf.sub(1, tf.max(weights, 1)), 2);
  return { loss: tf.mean(tf.mul(tf.where(tf.squeeze(anything, [1]), entropy, tf.zerosLike(entropy)), focal)) as tf.Scalar, state };
};

/** Batch norm by running statistics, a moving average of weights, and a queue of past features as negatives (MoCo). */
const running: Loss = ({ weight }, { mean, variance, average, queue, steps }) => {
  const features = tf.matMul(tf.sin(tf.reshape(tf.range(0, 24), [6, 4])), weight!);
  const { mean: m, variance: v } = tf.moments(features, 0);
  const next = { mean: tf.add(tf.mul(mean!, 0.9), tf.mul(m, 0.1)), variance: tf.add(tf.mul(variance!, 0.9), tf.mul(v, 0.1)) };
  const normalized = tf.mul(tf.sub(features, next.mean), tf.rsqrt(tf.add(next.variance, 1e-5)));
  const logits = tf.matMul(normalized, queue!, false, true);
  const loss = tf.mean(tf.sub(tf.logSumExp(logits, 1), tf.sum(tf.mul(normalized, features), 1)));
  const moved = tf.slice(tf.concat([normalized, queue!], 0), [0, 0], queue!.shape as [number, number]);
  const averaged = tf.add(tf.mul(average!, 0.99), tf.mul(weight!, 0.01));
  return { loss: loss as tf.Scalar, state: { ...next, average: averaged, queue: moved, steps: tf.add(steps!, 1) } };
};

const cases: { name: string; loss: Loss; params: () => Tensors; state?: () => Tensors }[] = [
  { name: 'sorted errors', loss: lovasz, params: () => ({ logits: normal(17) }) },
  { name: 'cumulative sums and products', loss: listwise, params: () => ({ scores: normal(3, 7), rewards: normal(2, 5) }) },
  { name: 'gather and scatter', loss: centres, params: () => ({ features: normal(6, 3) }), state: () => ({ centres: normal(4, 3) }) },
  { name: 'masks of masks', loss: masked, params: () => ({ queries: normal(8, 4), keys: normal(8, 4) }) },
  {
    name: 'running statistics',
    loss: running,
    params: () => ({ weight: normal(4, 5) }),
    state: () => ({
      mean: tf.zeros([5]),
      variance: tf.ones([5]),
      average: normal(4, 5),
      queue: normal(9, 5),
      steps: tf.scalar(0),
    }),
  },
];

describe('a loss of a user, five steps of gradient descent', () => {
  it.each(cases)('$name', async ({ loss, params, state }) => {
    const step = (now: Tensors, held: Tensors) => {
      let next: Tensors = {};
      const { value, grads } = valueAndGrads((p) => {
        const result = loss(p, held);
        next = Object.fromEntries(Object.entries(result.state).map(([name, tensor]) => [name, tf.keep(tensor)]));
        return result.loss;
      })(createParams(Object.entries(now)));
      const moved = Object.fromEntries(Object.entries(now).map(([name, tensor]) => [name, tf.sub(tensor, tf.mul(grads[name]!, 0.05))]));
      return { loss: value, params: moved, state: next };
    };
    const [start, held] = [params(), state?.() ?? {}];
    const [eager, compiled] = [jit(step, { device: 'eager' }), jit(step, { donate: [0, 1] })];
    const follow = async (run: typeof eager | typeof compiled): Promise<number[][]> => {
      const seen: number[][] = [];
      let result = await run(start, held);
      for (let i = 0; i < 5; i++) {
        const arrays: DeviceArray[] = [result.loss, ...Object.values(result.params), ...Object.values(result.state)];
        for (const array of arrays) seen.push([...(await array.read())]);
        if (i < 4) result = await run(result.params, result.state);
      }
      return seen;
    };
    const [expected, got] = [await follow(eager), await follow(compiled)];
    expect(got.length).toBe(expected.length);
    for (const [i, numbers] of expected.entries()) {
      const scale = Math.max(1, ...numbers.map(Math.abs));
      expect(numbers.every(Number.isFinite)).toBe(true);
      for (const [k, number] of numbers.entries()) expect(Math.abs(got[i]![k]! - number) / scale).toBeLessThan(1e-5);
    }
    await compiled.dispose();
  });
});

describe('a loss that cannot be a program is refused with a sentence', () => {
  const refused: [string, (x: tf.Tensor) => tf.Tensor, RegExp][] = [
    ['a spectrum', (x) => tf.abs(tf.spectral.rfft(x)), /Complex numbers have no ONNX type|real and imaginary/],
    ['classes that are counted', (x) => tf.cast(tf.unique(tf.round(x)).values, 'float32'), /depends on the values/],
    ['a branch on a value', (x) => (tf.sum(x).dataSync()[0]! > 0 ? x : tf.neg(x)), /users-losses\.test\.ts/],
    ['noise that a trace would freeze', (x) => tf.dropout(x, 0.5), /uniform\(key/],
  ];
  it.each(refused)('%s', async (_, fn, sentence) => {
    const compiled = jit(fn);
    await expect(compiled(normal(8))).rejects.toThrow(sentence);
    await compiled.dispose();
  });
});
