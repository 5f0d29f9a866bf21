import { DataError } from '@fsc-clip/core';
import { engine, type NamedAttrMap, type NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { currentScope } from '../trace/scope.js';
import { userLine } from '../trace/user-line.js';
import { flatten } from '../tree.js';

/**
 * A plain function that ends at the first operation that gives NaN, or that makes an infinity out of finite numbers. An infinity that
 * was written down (`fill([2], -Infinity)`, a mask of `-Infinity` that is captured or passed) may be used.
 *
 * @returns a function that throws a DataError with the tfjs kernel, its inputs and the user's line
 */
export function finiteOnly<Args extends unknown[], Result>(fn: (...args: Args) => Result): (...args: Args) => Result {
  return (...args) => {
    for (const { value, path } of flatten(args, (leaf) => leaf instanceof Tensor, 'arguments').leaves) refuseNaN(value, path);
    return withKernelsWatched(refuseNonFinite, () => fn(...args));
  };
}

type Watch = (kernel: string, inputs: NamedTensorMap, attributes: NamedAttrMap, outputs: readonly Tensor[]) => void;

/** Shows every kernel that tfjs runs during `run` to `watch`, in the order of running. tfjs is as it was afterwards. */
function withKernelsWatched<T>(watch: Watch, run: () => T): T {
  const target = engine();
  const before = Object.getOwnPropertyDescriptor(target, 'runKernel'); // none, but in a call inside a watched call
  const { runKernel } = target;
  target.runKernel = <R extends Tensor | Tensor[]>(kernel: string, inputs: NamedTensorMap, attributes?: NamedAttrMap): R => {
    const result = runKernel.call(target, kernel, inputs, attributes) as R;
    watch(kernel, inputs, attributes ?? {}, [result].flat() as Tensor[]);
    return result;
  };
  try {
    return run();
  } finally {
    if (before) Object.defineProperty(target, 'runKernel', before);
    else Reflect.deleteProperty(target, 'runKernel');
  }
}

function refuseNonFinite(kernel: string, inputs: NamedTensorMap, attributes: NamedAttrMap, outputs: readonly Tensor[]): void {
  for (const output of outputs) {
    const index = firstNonFinite(output);
    if (index === undefined) continue;
    const value = output.dataSync()[index]!;
    const named = Object.entries(inputs).filter(([, input]) => input instanceof Tensor);
    if (!Number.isNaN(value) && (writesInfinity(attributes) || named.some(([, input]) => firstNonFinite(input) !== undefined))) continue;
    const from = named.map(([name, input]) => `${name}: ${describe(input)}`).join(', ');
    const scope = currentScope();
    throw new DataError({
      function: 'jit',
      argument: 'fn',
      rule: 'must compute finite numbers (debug: true)',
      got: `${value} at ${place(index, output.shape)} of ${kernel} [${output.shape.join(', ')}] from ${from || 'no tensor'}${scope && `, in ${scope}`}, at ${userLine()}`,
      hint: 'Keep inputs of the operation in its domain (maximum, clipByValue): a where() after it leaves the gradient NaN',
    });
  }
}

function refuseNaN(tensor: Tensor, path: string): void {
  if (tensor.dtype !== 'float32') return;
  const index = tensor.dataSync().findIndex(Number.isNaN);
  if (index < 0) return;
  throw new DataError({
    function: 'jit',
    argument: path,
    rule: 'must hold no NaN (debug: true)',
    got: `one at ${place(index, tensor.shape)} of [${tensor.shape.join(', ')}]`,
  });
}

/** The flat index of the first NaN, or else of the first infinity. */
function firstNonFinite(tensor: Tensor): number | undefined {
  if (tensor.dtype !== 'float32') return undefined;
  const data = tensor.dataSync();
  let infinity: number | undefined;
  for (let i = 0; i < data.length; i++) {
    if (Number.isNaN(data[i])) return i;
    if (infinity === undefined && !Number.isFinite(data[i])) infinity = i;
  }
  return infinity;
}

/** Whether an attribute, e.g. the value of `fill` and `pad`, is an infinity. */
function writesInfinity(attributes: NamedAttrMap): boolean {
  return Object.values(attributes).some((value) => typeof value === 'number' && !Number.isFinite(value));
}

/** Position in the array, e.g. `[0, 2]`. */
function place(index: number, shape: readonly number[]): string {
  const position: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    position.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${position.join(', ')}]`;
}

/** Type, shape and range of a tensor. */
function describe(tensor: Tensor): string {
  const head = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
  const values = tensor.dataSync();
  if (values.length === 0) return head;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value); // NaN stays NaN
    high = Math.max(high, value);
  }
  return `${head} in ${low} … ${high}`;
}
