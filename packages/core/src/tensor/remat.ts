import { addN, engine, mul, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { OptionError } from '../errors.js';
import { barrier } from './barrier.js';
import { recordCaptured } from './record-captured.js';

/** tfjs's `customGrad` as the engine has it: for several results too, and with gradients by input. */
interface GradientEngine {
  runKernelFunc<Result>(operation: {
    readonly forwardFunc: (backend: unknown, save: (tensors: readonly Tensor[]) => void) => Result;
    readonly backwardsFunc: (dy: Tensor | Tensor[], saved: readonly Tensor[]) => Record<number, () => Tensor>;
    readonly inputs: Record<number, Tensor>;
  }): Result;
}

/**
 * The same function with less memory and more time (gradient checkpointing; `jax.checkpoint`): a call keeps only its inputs, and the
 * backward pass computes the function again before it takes its gradient. Values and gradients are equal. Under `jit` the second
 * computation waits for the incoming gradient and is never merged with the first.
 *
 * Captured tensors get their gradients too, if they live until the backward pass, as parameters do. They are not held back: what is
 * computed from them alone is computed once in a compiled program. Pass what is computed in the same `tidy` as an argument.
 *
 * @param fn - pure; tensors in, a tensor or a list of tensors out
 * @returns a function of the same arguments
 * @throws OptionError in the backward pass, when a captured tensor was disposed meanwhile
 * @example
 * const layer = remat((x: Tensor, w: Tensor) => relu(matMul(x, w)));
 * const { grads } = valueAndGrads(({ w }) => sum(layer(layer(x, w!), w!)))({ w });
 */
export function remat<Inputs extends Tensor[], Result extends Tensor | Tensor[]>(
  fn: (...inputs: Inputs) => Result,
): (...inputs: Inputs) => Result {
  return (...inputs) => {
    const { gradientDepth, kernelDepth } = engine().state;
    if (gradientDepth === 0 || kernelDepth > 0) return fn(...inputs); // no gradient is asked for
    return tidy(() => {
      const { result, captured } = recordCaptured(() => fn(...inputs), inputs);
      const parameters = captured.filter(({ dtype }) => dtype === 'float32');
      return (engine() as unknown as GradientEngine).runKernelFunc({
        forwardFunc: (_, save) => {
          save(inputs);
          return copied(result); // it may be an input
        },
        backwardsFunc: (dy, saved) => {
          requireAlive(captured);
          const grads = gradientsAgain(fn as (...inputs: Tensor[]) => Result, saved, parameters, [dy].flat());
          return Object.fromEntries(grads.map((grad, i) => [i, () => grad]));
        },
        inputs: { ...inputs, ...Object.fromEntries(parameters.map((tensor, i) => [inputs.length + i, tensor])) },
      });
    });
  };
}

/** The gradients of Σ result · dy with respect to the inputs and then the parameters; zeros where there is none. */
function gradientsAgain(
  fn: (...inputs: Tensor[]) => Tensor | Tensor[],
  saved: readonly Tensor[],
  parameters: readonly Tensor[],
  dys: readonly Tensor[],
): Tensor[] {
  const inputs = saved.map((input) => barrier(input, dys[0]!));
  const sources = [...inputs, ...parameters];
  const floating = sources.filter(({ dtype }) => dtype === 'float32');
  const weighed = () => {
    const results = [fn(...inputs)].flat();
    if (results.length === 1) return results[0]!;
    return addN(results.flatMap((result, i) => (result.dtype === 'float32' ? [sum(mul(result, dys[i]!))] : [])));
  };
  const { grads } = onFreshTape(() => engine().gradients(weighed, floating, dys.length === 1 ? dys[0] : undefined, true));
  return sources.map((source) => grads[floating.indexOf(source)]?.clone() ?? zeros(source.shape));
}

/** tfjs forgets the tape of a backward pass when another begins in it: puts it back. In a gradient of a gradient there is only one tape. */
function onFreshTape<T>(run: () => T): T {
  const { state } = engine();
  const { activeTape } = state;
  try {
    return run();
  } finally {
    if (state.gradientDepth === 0) state.activeTape = activeTape;
  }
}

function copied<Result extends Tensor | Tensor[]>(result: Result): Result {
  return (Array.isArray(result) ? result.map((tensor) => tensor.clone()) : result.clone()) as Result;
}

function requireAlive(captured: readonly Tensor[]): void {
  const gone = captured.filter(({ isDisposed }) => isDisposed);
  if (gone.length === 0) return;
  throw new OptionError({
    function: 'remat',
    argument: 'fn',
    rule: 'must capture only tensors that live until the backward pass',
    got: gone.map(({ dtype, shape }) => `a disposed ${dtype} [${shape.join(', ')}]`).join(', '),
    hint: 'Pass it as an argument',
  });
}
