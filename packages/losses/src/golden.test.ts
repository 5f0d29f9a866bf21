import '@tensorflow/tfjs';
import type { HostArray } from '@fsc-clip/core';
import { type LossTerms, valueAndGrads } from '@fsc-clip/core/tensor';
import { allowedError, type GoldenNumber, golden, goldenNumber, hasGolden, relativeError, termError } from '@fsc-clip/testdata';
import { div, matMul, norm, ones, type Scalar, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type AlignmentOptions,
  alignmentMap,
  clipLoss,
  type DenseTokens,
  type Features,
  fscClipLoss,
  globalNegativeLoss,
  type HasNegatives,
  type LocalNegativeOptions,
  localNegativeLoss,
  localScores,
  negClipLoss,
} from './index.js';

type Output = Features & DenseTokens;
type Name = keyof Output;
type Loss = (output: Output, batch: HasNegatives) => Scalar | LossTerms;
type Expected = Readonly<Record<string, GoldenNumber>> & { readonly error?: string };

interface Options {
  readonly loss?: 'crossEntropy' | 'focal';
  readonly focalGamma?: number | null;
  readonly labelSmoothing?: number | null;
  readonly normalizer?: 'minmax' | 'softmax';
  readonly sparsify?: boolean;
  readonly globalWeight?: number | null;
  readonly localWeight?: number | null;
  readonly logitScale?: number;
}

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly shape: Readonly<Record<'B' | 'D' | 'P' | 'T' | 'K', number>>;
  readonly options: Options;
  readonly inputs: string;
  readonly negativeMask?: string | null;
  readonly expected: Expected;
  readonly float32: Expected;
  readonly gradientOf: readonly string[];
  readonly gradients: Readonly<Record<string, string>>;
  readonly gradientRows: Readonly<Record<string, readonly number[]>>;
  readonly gradientNorm: Readonly<Record<string, number>>;
  readonly float32GradientError: Readonly<Record<string, number>>;
  /** Kind `localInside`. */
  readonly arrays: { readonly groupedImageTokens: string; readonly scores: string };
  /** Kind `degenerate`. */
  readonly inputsChanged?: Readonly<Record<string, string>>;
  readonly nanInGradients?: { readonly float64?: Readonly<Record<string, number>> };
}

const goldenNames: Readonly<Record<Name, string>> = {
  imageFeatures: 'image_features',
  textFeatures: 'text_features',
  imageTokens: 'image_tokens',
  textTokens: 'text_tokens',
  textMask: 'text_mask',
  logitScale: 'logit_scale',
};
const ofFeatures: readonly Name[] = ['imageFeatures', 'textFeatures', 'logitScale'];
const ofTokens: readonly Name[] = ['imageTokens', 'textTokens', 'logitScale'];
const ofAll: readonly Name[] = ['imageFeatures', 'textFeatures', 'imageTokens', 'textTokens', 'logitScale'];

const negativeOptions = ({ loss, focalGamma, labelSmoothing, normalizer, sparsify }: Options): LocalNegativeOptions => ({
  focalGamma: loss === 'focal' ? focalGamma! : 0,
  labelSmoothing: labelSmoothing ?? 0,
  ...(normalizer && { normalizer }),
  ...(sparsify !== undefined && { sparsify }),
});
const fscOf = (options: Options): Loss =>
  fscClipLoss({ ...negativeOptions(options), globalWeight: options.globalWeight ?? 0, localWeight: options.localWeight ?? 0 });

/** Per kind: the loss, and the inputs that it depends on. */
const kinds: Readonly<Record<string, { readonly loss: (options: Options) => Loss; readonly inputs: readonly Name[] }>> = {
  clip: { loss: () => clipLoss, inputs: ofFeatures },
  clipNegatives: { loss: () => negClipLoss, inputs: ofFeatures },
  globalNegative: {
    loss: (options) => (output, batch) => globalNegativeLoss(output, batch, negativeOptions(options)),
    inputs: ofFeatures,
  },
  localNegative: { loss: (options) => (output, batch) => localNegativeLoss(output, batch, negativeOptions(options)), inputs: ofTokens },
  fsc: { loss: fscOf, inputs: ofAll },
};

describe.skipIf(!hasGolden('losses'))('golden losses', () => {
  const area = golden<Case>('losses');
  const cases = (...wanted: string[]) => area.cases.filter(({ kind }) => wanted.includes(kind)).map((each) => [each.name, each] as const);

  it('knows every kind of case', () => {
    const kindsOfSet = new Set(area.cases.map(({ kind }) => kind));
    expect([...kindsOfSet].sort()).toEqual([...Object.keys(kinds), 'degenerate', 'localInside'].sort());
  });

  const asTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);
  /** The first rows, since a case may use fewer than its set holds. */
  const head = ({ data, shape: [rows, ...row] }: HostArray, count: number) =>
    tensor(data.slice(0, (data.length / rows!) * count), [count, ...row]);

  function inputsOf({
    inputs,
    inputsChanged = {},
    shape: { B, K },
    options,
  }: Pick<Case, 'inputs' | 'inputsChanged' | 'shape' | 'options'>) {
    const read = (name: Name) => area.array(inputsChanged[goldenNames[name]] ?? `${inputs}/${goldenNames[name]}`);
    const N = B * (1 + K);
    return {
      imageFeatures: head(read('imageFeatures'), B),
      textFeatures: head(read('textFeatures'), N),
      imageTokens: head(read('imageTokens'), B),
      textTokens: head(read('textTokens'), N),
      textMask: head(read('textMask'), N),
      logitScale: options.logitScale === undefined ? asTensor(read('logitScale')) : tensor(options.logitScale),
    };
  }

  function differentiate(loss: Loss, inputs: Output, negativeMask: Tensor, names: readonly Name[]) {
    const of = valueAndGrads((params) => loss({ ...inputs, ...params }, { negativeMask }));
    const { value, terms, grads } = of(Object.fromEntries(names.map((name) => [name, inputs[name]])));
    const values = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]!]));
    return { value: value.dataSync()[0]!, terms: values, grads };
  }

  function expectGradients({ gradients, gradientRows, gradientNorm, float32GradientError }: Case, grads: Record<string, Tensor>) {
    for (const name of ofAll) {
      const key = goldenNames[name];
      if (gradients[key] === undefined) continue;
      const expected = area.array(gradients[key]);
      const allowed = allowedError(float32GradientError?.[key], name === 'logitScale' ? 1e-4 : 1e-5);
      const grad = grads[name];
      if (grad === undefined) {
        expect(
          expected.data.every((number) => number === 0),
          `${name} must not matter to the reference either`,
        ).toBe(true);
        continue;
      }
      const data = grad.dataSync();
      const rowSize = data.length / (grad.shape[0] ?? 1);
      const rows = gradientRows?.[key]?.flatMap((row) => [...data.slice(row * rowSize, (row + 1) * rowSize)]) ?? data;
      expect(relativeError(rows, expected.data), `gradient of ${name}`).toBeLessThanOrEqual(allowed);
      const length = Math.sqrt(data.reduce((squares, number) => squares + number ** 2, 0));
      if (gradientNorm)
        expect(relativeError([length], new Float32Array([gradientNorm[key]!])), `norm of ${name}`).toBeLessThanOrEqual(allowed);
    }
  }

  it.each(cases(...Object.keys(kinds)))('%s', (_, each) => {
    const { loss, inputs } = kinds[each.kind]!;
    const { B, K } = each.shape;
    const negativeMask = each.negativeMask ? asTensor(area.array(each.negativeMask)) : zeros([K, B]);
    const { value, terms, grads } = differentiate(loss(each.options), inputsOf(each), negativeMask, inputs);
    const actual = Object.keys(terms).length > 0 ? terms : { [each.gradientOf[0]!]: value };
    for (const term of each.gradientOf) {
      const expected = goldenNumber(each.expected[term]!);
      const float32Error = termError(goldenNumber(each.float32[term]!), expected);
      expect(termError(actual[term]!, expected), term).toBeLessThanOrEqual(allowedError(float32Error, 1e-5));
    }
    expectGradients(each, grads);
  });

  it.each(cases('localInside'))('%s', (_, { inputs, options, arrays }) => {
    const [B] = area.array(`${inputs}/image_features`).shape as [number];
    const output = inputsOf({ inputs, options, shape: { B, K: 0, D: 0, P: 0, T: 0 } });
    const { imageTokens, textTokens } = output;
    const scores = localScores(output, negativeOptions(options)); // [B, 1]
    expect(relativeError(scores.dataSync(), area.array(arrays.scores).data)).toBeLessThanOrEqual(1e-5);
    const everywhere = ones(textTokens.shape.slice(0, 2));
    const grouped = matMul(alignmentMap(imageTokens, textTokens, everywhere, negativeOptions(options) as AlignmentOptions), imageTokens);
    const unit = div(grouped, norm(grouped, 2, -1, true));
    expect(relativeError(unit.dataSync(), area.array(arrays.groupedImageTokens).data)).toBeLessThanOrEqual(1e-5);
  });

  it.each(cases('degenerate'))('%s: the reference’s number where it has one, finite everywhere', (_, each) => {
    const { B, K } = each.shape;
    const negativeMask = each.negativeMask ? asTensor(area.array(each.negativeMask)) : zeros([K, B]);
    const { value, terms, grads } = differentiate(
      fscOf(each.options),
      inputsOf(each),
      negativeMask,
      each.negativeMask ? ofAll : ofFeatures,
    );
    expect(Number.isFinite(value)).toBe(true);
    for (const [name, grad] of Object.entries(grads)) expect(grad.dataSync().every(Number.isFinite), `gradient of ${name}`).toBe(true);
    if (each.expected.error !== undefined) return;
    for (const [term, expected] of Object.entries(each.expected)) {
      if (typeof expected !== 'number') continue;
      const float32Error = termError(goldenNumber(each.float32[term]!), expected);
      expect(termError(terms[term]!, expected), term).toBeLessThanOrEqual(allowedError(float32Error, 1e-5));
    }
    if (Object.values(each.nanInGradients?.float64 ?? {}).every((count) => count === 0)) expectGradients(each, grads);
  });
});
