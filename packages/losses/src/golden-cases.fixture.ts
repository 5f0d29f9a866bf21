import type { HostArray } from '@fsc-clip/core';
import { type LossTerms, valueAndGrads } from '@fsc-clip/core/tensor';
import {
  allowedError,
  allowedTermError,
  type GoldenArea,
  type GoldenNumber,
  goldenNumber,
  relativeError,
  termError,
} from '@fsc-clip/testdata';
import { type Scalar, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import {
  clipLoss,
  type DenseTokens,
  type Features,
  fscClipLoss,
  globalNegativeLoss,
  type HasNegatives,
  type LocalNegativeOptions,
  localNegativeLoss,
  negClipLoss,
} from './index.js';

export type Output = Features & DenseTokens;
export type Name = keyof Output;
export type Loss = (output: Output, batch: HasNegatives) => Scalar | LossTerms;
/** Terms by name, or what the reference raises. */
export type Expected = Readonly<Record<string, GoldenNumber>> | { readonly error: string };

export interface Options {
  readonly loss?: 'crossEntropy' | 'focal';
  readonly focalGamma?: number | null;
  readonly labelSmoothing?: number | null;
  readonly normalizer?: 'minmax' | 'softmax';
  readonly sparsify?: boolean;
  readonly globalWeight?: number | null;
  readonly localWeight?: number | null;
  readonly logitScale?: number;
}

export interface GoldenGradients {
  readonly gradients: Readonly<Record<string, string | null>>;
  readonly gradientRows?: Readonly<Record<string, readonly number[]>>;
  readonly gradientNorm?: Readonly<Record<string, number>>;
  readonly float32GradientError?: Readonly<Record<string, number>>;
}

export interface Case extends GoldenGradients {
  readonly name: string;
  readonly kind: string;
  readonly shape: Readonly<Record<'B' | 'D' | 'P' | 'T' | 'K', number>>;
  readonly options: Options;
  readonly inputs: string;
  readonly negativeMask?: string | null;
  readonly expected: Expected;
  readonly float32?: Expected;
  readonly gradientOf: readonly string[];
  /** Kind `localInside`. */
  readonly arrays: { readonly groupedImageTokens: string; readonly scores: string };
  /** Kind `degenerate`. */
  readonly inputsChanged?: Readonly<Record<string, string>>;
  readonly nanInGradients?: { readonly float64?: Readonly<Record<string, number>> };
}

export const goldenNames: Readonly<Record<Name, string>> = {
  imageFeatures: 'image_features',
  textFeatures: 'text_features',
  imageTokens: 'image_tokens',
  textTokens: 'text_tokens',
  textMask: 'text_mask',
  logitScale: 'logit_scale',
};
export const ofFeatures: readonly Name[] = ['imageFeatures', 'textFeatures', 'logitScale'];
export const ofTokens: readonly Name[] = ['imageTokens', 'textTokens', 'logitScale'];
export const ofAll: readonly Name[] = ['imageFeatures', 'textFeatures', 'imageTokens', 'textTokens', 'logitScale'];

export const negativeOptions = ({ loss, focalGamma, labelSmoothing, normalizer, sparsify }: Options): LocalNegativeOptions => ({
  focalGamma: loss === 'focal' ? focalGamma! : 0,
  labelSmoothing: labelSmoothing ?? 0,
  ...(normalizer && { normalizer }),
  ...(sparsify !== undefined && { sparsify }),
});
export const recipe: Options = { loss: 'focal', focalGamma: 2, labelSmoothing: 0.02, globalWeight: 0.5, localWeight: 0.2 };
export const fscOf = (options: Options): Loss =>
  fscClipLoss({ ...negativeOptions(options), globalWeight: options.globalWeight ?? 0, localWeight: options.localWeight ?? 0 });

/** Per kind: the loss, and the inputs that it depends on. */
export const kinds: Readonly<Record<string, { readonly loss: (options: Options) => Loss; readonly inputs: readonly Name[] }>> = {
  clip: { loss: () => clipLoss, inputs: ofFeatures },
  clipNegatives: { loss: () => negClipLoss, inputs: ofFeatures },
  globalNegative: {
    loss: (options) => (output, batch) => globalNegativeLoss(output, batch, negativeOptions(options)),
    inputs: ofFeatures,
  },
  localNegative: { loss: (options) => (output, batch) => localNegativeLoss(output, batch, negativeOptions(options)), inputs: ofTokens },
  fsc: { loss: fscOf, inputs: ofAll },
};

export const asTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);

export function differentiate(loss: Loss, inputs: Output, negativeMask: Tensor, names: readonly Name[]) {
  const of = valueAndGrads((params) => loss({ ...inputs, ...params }, { negativeMask }));
  const { value, terms, grads } = of(Object.fromEntries(names.map((name) => [name, inputs[name]])));
  const values = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]!]));
  return { value: value.dataSync()[0]!, terms: values, grads };
}

/** Every number of `actual` that the reference has, within the golden set's tolerance. */
export function expectTerms(
  { expected, float32 }: Pick<Case, 'expected' | 'float32'>,
  names: readonly string[],
  actual: (name: string) => number,
) {
  for (const name of names) {
    const term = goldenNumber((expected as Record<string, GoldenNumber>)[name]!);
    const own = float32 && goldenNumber((float32 as Record<string, GoldenNumber>)[name]!);
    expect(termError(actual(name), term), name).toBeLessThanOrEqual(allowedTermError(own, term, 1e-5));
  }
}

export function expectGradients(area: GoldenArea<unknown, unknown>, golden: GoldenGradients, grads: Record<string, Tensor>) {
  for (const name of ofAll) {
    const key = goldenNames[name];
    const file = golden.gradients[key] ?? undefined; // null: the reference gives it no gradient at all
    if (file === undefined) continue;
    const expected = area.array(file);
    const allowed = allowedError(golden.float32GradientError?.[key], name === 'logitScale' ? 1e-4 : 1e-5);
    if (grads[name] === undefined) {
      expect(relativeError(zeros([...expected.shape]).dataSync(), expected.data), `${name} does not matter`).toBe(0);
      continue;
    }
    const data = [...grads[name].dataSync()];
    const rowSize = data.length / (grads[name].shape[0] ?? 1);
    const rows = golden.gradientRows?.[key]?.flatMap((row) => data.slice(row * rowSize, (row + 1) * rowSize)) ?? data;
    expect(relativeError(rows, expected.data), `gradient of ${name}`).toBeLessThanOrEqual(allowed);
    if (golden.gradientNorm) {
      const length = Math.sqrt(data.reduce((squares, number) => squares + number ** 2, 0));
      const wanted = new Float32Array([golden.gradientNorm[key]!]);
      expect(relativeError([length], wanted), `length of the gradient of ${name}`).toBeLessThanOrEqual(allowed);
    }
  }
}
