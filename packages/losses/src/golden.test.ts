import '@tensorflow/tfjs';
import type { HostArray } from '@fsc-clip/core';
import { describeGolden, relativeError } from '@fsc-clip/testdata';
import { div, matMul, norm, ones, tensor, zeros } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  asTensor,
  type Case,
  differentiate,
  expectGradients,
  expectTerms,
  fscOf,
  goldenNames,
  kinds,
  type Name,
  negativeOptions,
  ofAll,
  ofFeatures,
} from './golden-cases.fixture.js';
import { type AlignmentOptions, alignmentMap, localScores } from './index.js';

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
