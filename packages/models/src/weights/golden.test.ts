import '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, mergeParams } from '@fsc-clip/core/tensor';
import { describeGolden, goldenDir, relativeError } from '@fsc-clip/testdata';
import { slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { ClipConfig } from '../config/clip-config.js';
import { createModel, type Model, type ModelInput } from '../model/create-model.js';
import { interpolateWeights } from './interpolate-weights.js';
import { loadWeights } from './load-weights.js';

type Outputs = Readonly<Record<string, string>>;
const floor = 1e-5;
const toTensor = ({ data, shape }: HostArray): Tensor => tensor(data, [...shape]);

function checkOutputs(
  area: { array(name: string): HostArray },
  model: Model,
  params: Params<Tensor>,
  input: ModelInput,
  outputs: Outputs,
): void {
  const { imageFeatures, textFeatures, logitScale } = model.apply(params, input);
  const actual: Record<string, Tensor> = { image_features: imageFeatures, text_features: textFeatures, logit_scale: logitScale };
  expect(Object.keys(outputs).sort()).toEqual(Object.keys(actual).sort());
  for (const [name, array] of Object.entries(outputs)) {
    expect(relativeError(actual[name]!.dataSync(), area.array(array).data), name).toBeLessThanOrEqual(floor);
  }
}

interface CheckpointCase {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly expected?: Outputs;
  readonly reason?: string;
}

describeGolden<CheckpointCase, { readonly config: ClipConfig }>('checkpoints', (area) => {
  const cases = area.cases.filter(({ file }) => /\.safetensors(\.index\.json)?$/.test(file));
  const model = createModel(area.json.config);
  const input = { images: toTensor(area.array('inputs/images')), texts: toTensor(area.array('inputs/texts')) };

  /** What the message must say, by the reason that the set gives. */
  const reasons: Readonly<Record<string, RegExp>> = { truncated: /truncated/, malformed: /must (hold|have)/ };
  const kinds: Readonly<Record<string, (c: CheckpointCase) => Promise<void>>> = {
    readable: async ({ file, expected }) => {
      const { params } = await loadWeights(join(goldenDir, file), { model });
      expect(Object.keys(params).sort()).toEqual(Object.keys(model.shapes).sort());
      tidy(() => checkOutputs(area, model, params, input, expected!));
    },
    unreadable: async ({ file, reason }) => {
      const said = reasons[reason!];
      if (!said) throw new Error(`unknown reason ${reason}`);
      expect(existsSync(join(goldenDir, file))).toBe(true);
      const refusal = await loadWeights(join(goldenDir, file), { model }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(WeightsError);
      expect((refusal as WeightsError).message).toMatch(said);
    },
  };
  let ran = 0;
  it.each(cases)('$name', async (c) => {
    const check = kinds[c.kind];
    if (!check) throw new Error(`unknown kind ${c.kind}`);
    await check(c);
    ran++;
  });
  it('ran every case', () => {
    expect(ran).toBe(cases.length);
    expect(new Set(cases.map(({ kind }) => kind)).size).toBeGreaterThan(1);
  });
});

interface WiseFtCase {
  readonly name: string;
  readonly kind: string;
  readonly alpha: number;
  readonly weights?: Readonly<Record<string, string>>;
  readonly outputs?: Outputs;
  readonly outputsLinear?: Outputs;
  readonly positionalEmbedding?: string;
  readonly cut?: number;
}

describeGolden<WiseFtCase, { readonly config: ClipConfig }>('wiseft', (area) => {
  const model = createModel(area.json.config);
  const record = (prefix: string): Params<Tensor> =>
    createParams(Object.entries(area.arraysUnder(prefix)).map(([n, a]) => [n, toTensor(a)]));
  const input = { images: toTensor(area.array('inputs/images')), texts: toTensor(area.array('inputs/texts')) };
  const expectClose = (what: string, actual: Tensor, array: string) => {
    expect(actual.shape, what).toEqual(area.array(array).shape);
    expect(relativeError(actual.dataSync(), area.array(array).data), what).toBeLessThanOrEqual(floor);
  };

  const kinds: Readonly<Record<string, (c: WiseFtCase) => void>> = {
    wiseFt: ({ alpha, weights = {}, outputs }) => {
      const params = interpolateWeights(record('pretrained'), record('finetuned'), alpha);
      for (const [name, array] of Object.entries(weights)) expectClose(name, params[name]!, array);
      checkOutputs(area, model, params, input, outputs!);
    },
    wiseFtLora: ({ alpha, outputs, outputsLinear }) => {
      const [pretrained, tuned] = [record('pretrained'), mergeParams(record('pretrained'), record('lora'))];
      checkOutputs(area, model, interpolateWeights(pretrained, tuned, alpha), input, outputs!);
      if (outputsLinear) checkOutputs(area, model, interpolateWeights(pretrained, tuned, alpha, { lora: 'linear' }), input, outputsLinear);
    },
    wiseFtShorterContext: ({ alpha, cut, positionalEmbedding }) => {
      const tuned = record('finetuned');
      const [rows, width] = tuned['positional_embedding']!.shape as [number, number];
      const shorter = createParams(
        Object.entries(tuned).map(([n, t]) => [n, n === 'positional_embedding' ? slice(t, [0, 0], [rows - cut!, width]) : t] as const),
      );
      expectClose('positions', interpolateWeights(record('pretrained'), shorter, alpha)['positional_embedding']!, positionalEmbedding!);
    },
  };
  let ran = 0;
  it.each(area.cases)('$name', (c) => {
    const check = kinds[c.kind];
    if (!check) throw new Error(`unknown kind ${c.kind}`);
    tidy(() => check(c));
    ran++;
  });
  it('ran every case', () => expect(ran).toBe(area.cases.length));
});
