import { customGrad, fill, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Stop-gradient for a region: `f(...inputs)` with zero gradient to every input. tfjs has no stop-gradient, so the whole region runs
 * inside one `customGrad`: only the arguments passed here are detached, never tensors that `f` captures.
 */
export function detached<Inputs extends Tensor[], Result extends Tensor>(f: (...inputs: Inputs) => Result, ...inputs: Inputs): Result {
  const shapes = inputs.map(({ shape }) => shape); // not the inputs themselves: a tidy may have disposed them by the backward pass
  const region = customGrad((...args) => {
    const tensors = args.slice(0, inputs.length) as Inputs;
    return { value: f(...tensors), gradFunc: () => shapes.map((shape) => fill(shape, 0)) };
  });
  return region(...inputs) as Result;
}
