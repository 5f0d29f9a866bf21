import '@tensorflow/tfjs';
import type { HostArray } from '@fsc-clip/core';
import { type LossTerms, valueAndGrads } from '@fsc-clip/core/tensor';
import {
  allowedError,
  describeGolden,
  type GoldenArea,
  type GoldenNumber,
  goldenNumber,
  relativeError,
  termError,
} from '@fsc-clip/testdata';
import { concat, div, matMul, norm, ones, reshape, type Scalar, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
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
/** Terms by name, or what the reference raises. */
type Expected = Readonly<Record<string, GoldenNumber>> | { readonly error: string };

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

interface GoldenGradients {
  readonly gradients: Readonly<Record<string, string>>;
  readonly gradientRows?: Readonly<Record<string, readonly number[]>>;
  readonly gradientNorm?: Readonly<Record<string, number>>;
  readonly float32GradientError?: Readonly<Record<string, number>>;
}

interface Case extends GoldenGradients {
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
const recipe: Options = { loss: 'focal', focalGamma: 2, labelSmoothing: 0.02, globalWeight: 0.5, localWeight: 0.2 };
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

const asTensor = ({ data, shape }: HostArray) => tensor(data, [...shape]);

function differentiate(loss: Loss, inputs: Output, negativeMask: Tensor, names: readonly Name[]) {
  const of = valueAndGrads((params) => loss({ ...inputs, ...params }, { negativeMask }));
  const { value, terms, grads } = of(Object.fromEntries(names.map((name) => [name, inputs[name]])));
  const values = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]!]));
  return { value: value.dataSync()[0]!, terms: values, grads };
}

/** Every number of `actual` that the reference has, within the golden set's tolerance. */
function expectTerms(
  { expected, float32 }: Pick<Case, 'expected' | 'float32'>,
  names: readonly string[],
  actual: (name: string) => number,
) {
  for (const name of names) {
    const term = goldenNumber((expected as Record<string, GoldenNumber>)[name]!);
    const own = float32 && termError(goldenNumber((float32 as Record<string, GoldenNumber>)[name]!), term);
    expect(termError(actual(name), term), name).toBeLessThanOrEqual(allowedError(own, 1e-5));
  }
}

function expectGradients(area: GoldenArea<unknown, unknown>, golden: GoldenGradients, grads: Record<string, Tensor>) {
  for (const name of ofAll) {
    const key = goldenNames[name];
    if (golden.gradients[key] === undefined) continue;
    const expected = area.array(golden.gradients[key]);
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

describeGolden<Case>('losses', (area) => {
  const cases = (...wanted: string[]) => area.cases.filter(({ kind }) => wanted.includes(kind)).map((each) => [each.name, each] as const);

  it('knows every kind of case', () => {
    expect([...Object.keys(kinds), 'degenerate', 'localInside']).toEqual(expect.arrayContaining(area.cases.map(({ kind }) => kind)));
  });

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

  it.each(cases(...Object.keys(kinds)))('%s', (_, each) => {
    const { loss, inputs } = kinds[each.kind]!;
    const { B, K } = each.shape;
    const negativeMask = each.negativeMask ? asTensor(area.array(each.negativeMask)) : zeros([K, B]);
    const { value, terms, grads } = differentiate(loss(each.options), inputsOf(each), negativeMask, inputs);
    expectTerms(each, each.gradientOf, (name) => terms[name] ?? value);
    expectGradients(area, each, grads);
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
    if ('error' in each.expected) return;
    const known = Object.entries(each.expected).filter(([, number]) => typeof number === 'number');
    expectTerms(
      each,
      known.map(([name]) => name),
      (name) => terms[name]!,
    );
    if (Object.values(each.nanInGradients?.float64 ?? {}).every((count) => count === 0)) expectGradients(area, each, grads);
  });
});

interface Layout {
  readonly worldSize: number;
  readonly shape: { readonly B: number; readonly K: number };
}

// The rows of all ranks, in one process.
describeGolden<Case & { readonly worldSize: number }, Layout>('distributed', (area) => {
  const { worldSize, shape } = area.json;
  const ranks = Array.from({ length: worldSize }, (_, rank) => rank);
  const images = (name: string) => concat(ranks.map((rank) => asTensor(area.array(`rank${rank}/${name}`))));
  /** Slot by slot, rank by rank inside a slot. */
  const texts = (name: string) => {
    const ofRank = (rank: number) => asTensor(area.array(`rank${rank}/${name}`));
    const row = ofRank(0).shape.slice(1);
    const grid = ranks.map((rank) => reshape(ofRank(rank), [1 + shape.K, shape.B, ...row]));
    return reshape(concat(grid, 1), [-1, ...row]);
  };
  const output: Output = {
    imageFeatures: images('image_features'),
    textFeatures: texts('text_features'),
    imageTokens: images('image_tokens'),
    textTokens: texts('text_tokens'),
    textMask: texts('text_mask'),
    logitScale: asTensor(area.array('rank0/logit_scale')),
  };
  const negativeMask = concat(
    ranks.map((rank) => asTensor(area.array(`rank${rank}/mask`))),
    1,
  );
  const single = area.cases.filter((each) => each.worldSize === 1);

  it('lists such cases', () => {
    expect(single.length).toBeGreaterThan(0);
  });

  it.each(single.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const { loss, inputs } = kinds[each.kind]!;
    const textRows = area.array(each.gradients['text_features']!).shape[0]!;
    const textFeatures = slice(output.textFeatures, 0, textRows);
    const { value, terms, grads } = differentiate(loss(recipe), { ...output, textFeatures }, negativeMask, inputs);
    expectTerms(each, Object.keys(each.expected), (name) => terms[name] ?? value);
    expectGradients(area, each, grads);
  });
});
