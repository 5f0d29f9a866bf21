import '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, decays, mergeParams } from '@fsc-clip/core/tensor';
import { describeGolden, goldenDir, relativeError } from '@fsc-clip/testdata';
import { slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import type { ClipConfig } from '../config/clip-config.js';
import { isLora } from '../lora/adapters.js';
import { createModel, type Model, type ModelInput } from '../model/create-model.js';
import type { FileDType } from '../numbers/file-dtypes.js';
import { loadTorchCheckpoint } from '../torch/load-torch-checkpoint.js';
import { readTorch } from '../torch/read-torch.js';
import { findStateDict } from '../torch/state-dict.js';
import type { TorchDict, TorchTensor } from '../torch/torch-value.js';
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
  readonly keys?: readonly string[];
  readonly pickleGlobals?: readonly string[];
  readonly meta?: { readonly epoch?: number; readonly name?: string; readonly keys?: readonly string[] };
  readonly learningRate?: number;
  readonly optimizer?: { readonly steps: number; readonly groupSizes: readonly number[]; readonly firstMoment0: string };
  readonly rank?: number;
  readonly scaling?: number;
  readonly torchscript?: boolean;
  readonly tensors?: Readonly<Record<string, string>>;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly dtypes?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly special?: readonly (number | string)[];
  readonly nested?: { readonly list: readonly unknown[]; readonly big: string; readonly unicode: string; readonly dict: object };
}

/** Names of element types as PyTorch says them. */
const torchNames: Readonly<Record<FileDType, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};

describeGolden<CheckpointCase, { readonly config: ClipConfig }>('checkpoints', (area) => {
  const input = { images: toTensor(area.array('inputs/images')), texts: toTensor(area.array('inputs/texts')) };
  const pathOf = (c: CheckpointCase) => join(goldenDir, c.file);

  /** What the message must say, by the reason that the set gives. */
  const reasons: Readonly<Record<string, (c: CheckpointCase, message: string) => void>> = {
    truncated: (_, message) => expect(message).toMatch(/truncated/),
    malformed: (_, message) => expect(message).toMatch(/must (hold|have|be)/),
    legacy: (_, message) => expect(message).toMatch(/legacy/),
    malicious: ({ pickleGlobals }, message) => expect(message).toContain(pickleGlobals![0]!.replace(' ', '.')),
    shape: ({ keys }, message) => {
      for (const key of keys!) expect(message).toContain(`\`${key}\` [`);
    },
    missing: ({ keys }, message) => {
      expect(message).toContain(`${keys!.length} missing`);
      for (const key of keys!) expect(message).toContain(`\`${key}\``);
    },
    extra: ({ keys }, message) => {
      expect(message).toContain(`${keys!.length} extra`);
      for (const key of keys!) expect(message).toContain(`\`${key}\``);
    },
  };

  /** What a training checkpoint holds besides weights, and what a TorchScript archive says of itself. */
  async function checkTorchFile(c: CheckpointCase): Promise<void> {
    const file = await readTorch(pathOf(c));
    expect(file.torchScript).toBe(c.torchscript === true);
    for (const [name, dtype] of Object.entries(c.tensors ?? {}))
      expect(torchNames[findStateDict(file.value)!.get(name)!.dtype], name).toBe(dtype);
    if (c.meta) {
      const root = file.value as TorchDict;
      if (c.meta.epoch !== undefined) expect(root.get('epoch')).toBe(c.meta.epoch);
      if (c.meta.name !== undefined) expect(root.get('name')).toBe(c.meta.name);
      if (c.meta.keys) expect([...root.keys()]).toEqual(c.meta.keys);
      if (c.learningRate !== undefined) {
        const groups = (root.get('optimizer') as TorchDict).get('param_groups') as TorchDict[];
        expect(groups[0]!.get('lr')).toBe(c.learningRate);
      }
    }
    await file.close();
    if (c.optimizer) await checkOptimizer(c, c.optimizer);
  }

  async function checkOptimizer(c: CheckpointCase, expected: NonNullable<CheckpointCase['optimizer']>): Promise<void> {
    const loaded = await loadTorchCheckpoint(pathOf(c), { model: createModel(area.json.config) });
    const { step, expAvg, expAvgSq } = loaded.optimizer;
    expect([...step.data]).toEqual([expected.steps]);
    expect(loaded).toMatchObject({ epoch: c.meta!.epoch, name: c.meta!.name, learningRate: c.learningRate });
    const names = Object.keys(expAvg);
    expect(names.map((name) => decays(name, loaded.params[name]!))).toEqual(
      expected.groupSizes.flatMap((size, group) => Array.from({ length: size }, () => group === 1)),
    );
    expect(expAvg[names[0]!]!.data).toEqual(area.array(expected.firstMoment0).data);
    for (const name of names) expect(expAvgSq[name]!.shape, name).toEqual(loaded.params[name]!.shape);
  }

  async function checkReadable(c: CheckpointCase): Promise<void> {
    const model = createModel(area.json.config, c.scaling === undefined ? {} : { loraAlpha: c.scaling * c.rank! });
    const { params } = await loadWeights(pathOf(c), { model });
    expect(
      Object.keys(params)
        .filter((name) => !isLora(name))
        .sort(),
    ).toEqual(Object.keys(model.shapes).sort());
    expect(Object.keys(params).some(isLora)).toBe(c.rank !== undefined);
    tidy(() => checkOutputs(area, model, params, input, c.expected!));
    if (/\.(pt|bin)$/.test(c.file)) await checkTorchFile(c);
  }

  async function checkUnreadable(c: CheckpointCase): Promise<void> {
    const said = reasons[c.reason!];
    if (!said) throw new Error(`unknown reason ${c.reason}`);
    expect(existsSync(pathOf(c))).toBe(true);
    const printed = vi.spyOn(process.stdout, 'write');
    const refusal = await loadWeights(pathOf(c), { model: createModel(area.json.config) }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    expect(refusal).toBeInstanceOf(WeightsError);
    said(c, (refusal as WeightsError).message);
  }

  async function checkTensors(c: CheckpointCase): Promise<void> {
    const file = await readTorch(pathOf(c));
    const root = file.value as TorchDict;
    const tensors = root.get('tensors') as TorchDict;
    const numbers = async (tensor: TorchTensor) => Array.from<number | bigint>((await file.readExact(tensor)).data);
    expect([...tensors.keys()]).toEqual(Object.keys(c.shapes!));
    for (const [name, shape] of Object.entries(c.shapes!)) {
      const tensor = tensors.get(name) as TorchTensor;
      expect(tensor.shape, name).toEqual(shape);
      expect(torchNames[tensor.dtype], name).toBe(c.dtypes![name]);
      expect((await numbers(tensor)).map(Number), name).toEqual(c.values![name]!.map(Number));
    }
    const special = await numbers(root.get('special') as TorchTensor);
    expect(special).toEqual(c.special!.map(Number));
    const nested = root.get('nested') as TorchDict;
    expect(nested.get('list')).toEqual(c.nested!.list);
    expect(nested.get('big')).toBe(BigInt(c.nested!.big));
    expect(nested.get('unicode')).toBe(c.nested!.unicode);
    expect(Object.fromEntries(nested.get('dict') as Map<number, string>)).toEqual(c.nested!.dict);
    await file.close();
  }

  const kinds: Readonly<Record<string, (c: CheckpointCase) => Promise<void>>> = {
    readable: checkReadable,
    unreadable: checkUnreadable,
    tensors: checkTensors,
  };
  let ran = 0;
  it.each(area.cases)('$name', async (c) => {
    const check = kinds[c.kind];
    if (!check) throw new Error(`unknown kind ${c.kind}`);
    await check(c);
    ran++;
  });
  it('ran every case', () => expect(ran).toBe(area.cases.length));
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
