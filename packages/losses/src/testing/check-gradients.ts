import { createKey, foldIn, type Key, OptionError, randomStream } from '@fsc-clip/core';
import { type LossTerms, valueAndGrads } from '@fsc-clip/core/tensor';
import { add, type Scalar, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** Options of `checkGradients`. */
export interface GradientCheckOptions {
  /** Length of the step along a direction. Below 1e-2 float32's rounding shows, above 3e-2 the curvature. @defaultValue 2e-2 */
  readonly step?: number;
  /** Random directions per input. @defaultValue 3 */
  readonly directions?: number;
  /** What the two slopes may differ by, relative to the larger one. @defaultValue 2e-2 */
  readonly tolerance?: number;
  /** Seed of the directions. @defaultValue 0 */
  readonly seed?: number;
}

/** Both slopes of a loss along one random direction of one input. */
export type SlopeCheck = {
  readonly input: string;
  /** By the gradient. */
  readonly analytic: number;
  /** By a central difference. */
  readonly numeric: number;
  /** The largest difference that passes. */
  readonly allowed: number;
};

/** What a custom matcher of vitest or jest returns, and the numbers behind it. */
export interface GradientCheck {
  readonly pass: boolean;
  readonly message: () => string;
  readonly checks: readonly SlopeCheck[];
}

/**
 * Compares the gradients of a loss with finite differences: along random unit directions d of every input x,
 * `⟨∂loss/∂x, d⟩` must equal `(loss(x + h·d) − loss(x − h·d)) / 2h`. In float32, on the current tfjs backend, which must be able to
 * read a tensor synchronously.
 *
 * A loss that holds something constant on purpose (`detached`, as the weights of `localScores`) differs from its finite differences.
 *
 * @param loss - pure; a scalar, or `{ total, terms }`
 * @param inputs - by name; all must reach the loss. Not disposed
 * @throws OptionError when an option is out of its range or an input does not reach the loss
 * @example
 * const loss = ({ logits }) => calibratedCrossEntropy(logits, ones([2, 3]));
 * const { pass, message } = checkGradients(loss, { logits: tensor2d([[1, 0, 2], [0, 0, 1]]) });
 * if (!pass) throw new Error(message());
 */
export function checkGradients<Inputs extends Readonly<Record<string, Tensor>>>(
  loss: (inputs: Inputs) => Scalar | LossTerms,
  inputs: Inputs,
  { step = 2e-2, directions = 3, tolerance = 2e-2, seed = 0 }: GradientCheckOptions = {},
): GradientCheck {
  for (const [argument, value] of Object.entries({ step, directions, tolerance })) {
    if (!(value > 0)) throw new OptionError({ function: 'checkGradients', argument, rule: 'must be above 0', got: String(value) });
  }
  const checks = tidy(() => {
    const at = (moved: Record<string, Tensor>) => {
      const result = loss({ ...inputs, ...moved });
      return ('terms' in result ? result.total : result).dataSync()[0]!;
    };
    const { value, grads } = valueAndGrads((params) => loss({ ...inputs, ...params }))(inputs);
    const rounding = (2 ** -20 * Math.max(1, Math.abs(value.dataSync()[0]!))) / step; // a few last bits of the loss, over the step
    return Object.entries(inputs).flatMap(([input, x]) =>
      Array.from({ length: directions }, (_, index): SlopeCheck => {
        const direction = unitDirection(x.size, foldIn(createKey(seed), input, index));
        const gradient = grads[input]!.dataSync<'float32'>();
        const analytic = direction.reduce((slope, d, i) => slope + d * gradient[i]!, 0);
        const move = tensor(
          direction.map((d) => d * step),
          x.shape,
        );
        const numeric = (at({ [input]: add(x, move) }) - at({ [input]: sub(x, move) })) / (2 * step);
        // a direction nearly orthogonal to the gradient has a slope that says little: measure against a typical one
        const typical = Math.sqrt(gradient.reduce((squares, g) => squares + g ** 2, 0) / x.size);
        const allowed = tolerance * Math.max(Math.abs(analytic), Math.abs(numeric), typical) + rounding;
        return { input, analytic, numeric, allowed };
      }),
    );
  });
  const wrong = checks.filter(({ analytic, numeric, allowed }) => !(Number.isFinite(allowed) && Math.abs(analytic - numeric) <= allowed));
  const lines = wrong.map(
    ({ input, analytic, numeric, allowed }) =>
      `  ${input}: ${analytic} by the gradient, ${numeric} by differences, may differ by ${allowed}`,
  );
  const message = () =>
    wrong.length === 0
      ? `all ${checks.length} slopes agree with finite differences`
      : [`${wrong.length} of ${checks.length} slopes disagree with finite differences:`, ...lines].join('\n');
  return { pass: wrong.length === 0, message, checks };
}

function unitDirection(size: number, key: Key): Float32Array {
  const { normal } = randomStream(key);
  const direction = Float32Array.from({ length: size }, normal);
  const length = Math.sqrt(direction.reduce((squares, d) => squares + d ** 2, 0));
  return direction.map((d) => d / length);
}
