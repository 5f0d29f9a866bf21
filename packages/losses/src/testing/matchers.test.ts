import '@tensorflow/tfjs';
import { customGrad, mul, type Scalar, square, sum, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type LossMatchers, lossMatchers } from './index.js';

declare module 'vitest' {
  interface Matchers<T> extends LossMatchers<T> {}
}

expect.extend(lossMatchers);

const squares = ({ x }: { x: Tensor }) => sum<Scalar>(square(x));
/** Σ x² with a gradient that is 10 % too large. */
const wrong = customGrad((x) => ({ value: sum(square(x as Tensor)), gradFunc: (dy: Tensor) => mul(dy, mul(2.2, x as Tensor)) }));

it('toHaveTrueGradients passes a right gradient and says what is wrong with another', () => {
  const inputs = { x: tensor1d([1, -2]) };
  expect(squares).toHaveTrueGradients(inputs);
  expect(({ x }: { x: Tensor }) => wrong(x)).not.toHaveTrueGradients(inputs);
  const asked = () => expect(({ x }: { x: Tensor }) => wrong(x)).toHaveTrueGradients(inputs, { directions: 2 });
  expect(asked).toThrow(/2 of 2 slopes disagree with finite differences/);
});
