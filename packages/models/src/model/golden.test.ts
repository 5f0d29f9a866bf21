import '@tensorflow/tfjs';
import type { ClipOutput, HostArray, Params } from '@fsc-clip/core';
import { createKey } from '@fsc-clip/core';
import { createParams, mergeParams, partitionParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { allowedError, describeGolden, relativeError } from '@fsc-clip/testdata';
import {
  addN,
  matMul,
  mul,
  reshape,
  type Scalar,
  slice,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type ClipConfig, textSizes, visionSizes } from '../config/clip-config.js';
import { isLora } from '../lora/adapters.js';
import { addLora } from '../lora/add-lora.js';
import { mergeLora } from '../lora/merge-lora.js';
import { type Grid, resizeImagePositions, resizeTextPositions } from '../weights/resize-positions.js';
import { createModel } from './create-model.js';
import { embedPatches, projectPatches } from './image-tower.js';
import { causalBias, embedTokens } from './text-tower.js';
import { mlp, normed, residualBlock, selfAttention, type TransformerRun, transformer } from './transformer.js';
import { type Weights, weightsOf } from './weights.js';

type Names = Readonly<Record<string, string>>;
type Errors = Readonly<Record<string, number | undefined>>;

interface ModelCase {
  readonly config: ClipConfig;
  readonly state: string;
  readonly inputs: string;
  readonly cotangents: string;
  readonly scalar: number;
  readonly outputs: Names;
  readonly gradients: Names;
  readonly float32Error: Errors;
  readonly float32GradientError: Errors;
}
interface LoraCase extends ModelCase {
  readonly lora: string;
  readonly rank: number;
  readonly alpha: number;
  readonly merged: Names;
  readonly stateDictKeys: readonly string[];
  readonly trainable: readonly string[];
  readonly freshInit: Readonly<Record<string, { readonly maxAbs: number; readonly zero: boolean; readonly shape: number[] }>>;
}
interface InsideCase {
  readonly config: ClipConfig;
  readonly state: string;
  readonly inputs: string;
  readonly image: number;
  readonly text: number;
  readonly arrays: Names;
}
interface NoteCase {
  readonly expected: { readonly afterLnPost: number; readonly beforeLnPost: number };
}
interface PositionCase<Size> {
  readonly input: string;
  readonly output: string;
  readonly options: { readonly from: Size; readonly to: Size; readonly extraTokens?: number };
  readonly float32Error?: number;
}
type Case = { readonly name: string; readonly kind: string };

const floor = 1e-5;
const positionFloor = 2e-6;

describeGolden<Case>('models', (area) => {
  const toTensor = ({ data, shape }: HostArray): Tensor => tensor(data, [...shape]);
  const record = (prefix: string): Params<Tensor> =>
    createParams(Object.entries(area.arraysUnder(prefix)).map(([n, a]) => [n, toTensor(a)]));
  const expectClose = (what: string, actual: Tensor | HostArray, name: string, allowed: number) => {
    const expected = area.array(name);
    expect(actual.shape, what).toEqual(expected.shape);
    expect(relativeError('dataSync' in actual ? actual.dataSync() : actual.data, expected.data), what).toBeLessThanOrEqual(allowed);
  };
  const inputsOf = (prefix: string) => ({
    images: toTensor(area.array(`${prefix}/images`)),
    texts: toTensor(area.array(`${prefix}/texts`)),
  });

  /** Outputs under the golden names, except those that the model does not give out. */
  const named = (output: ClipOutput<Tensor>): Readonly<Record<string, Tensor>> => ({
    image_features: output.imageFeatures,
    image_tokens: output.imageTokens,
    text_features: output.textFeatures,
    text_tokens: output.textTokens,
    text_mask: output.textMask,
    logit_scale: output.logitScale,
  });

  function checkModel(c: ModelCase, adapters: Params<Tensor> = createParams([]), loraAlpha = 1): void {
    const model = createModel(c.config, { loraAlpha });
    const params = mergeParams(record(c.state), adapters);
    const input = inputsOf(c.inputs);
    const output = model.apply(params, input, { denseTokens: true });
    const actual = named(output);
    const listed = Object.entries(c.outputs).filter(([name]) => !name.endsWith('_unnormalised'));
    expect(listed.map(([name]) => name).sort()).toEqual(Object.keys(actual).sort());
    for (const [name, array] of listed) expectClose(name, actual[name]!, array, allowedError(c.float32Error[name], floor));

    const alone = model.apply(params, input);
    expectClose('images alone', model.encodeImage(params, input.images), c.outputs['image_features']!, floor);
    expectClose('texts alone', model.encodeText(params, input.texts), c.outputs['text_features']!, floor);
    expectClose('without dense tokens', alone.imageFeatures, c.outputs['image_features']!, floor);
    expectClose('without dense tokens', alone.textFeatures, c.outputs['text_features']!, floor);

    const cotangents = record(c.cotangents);
    const [trained, held] = partitionParams(params, (name) => Object.hasOwn(c.gradients, name));
    const { value, grads } = valueAndGrads((trained) => {
      const out = named(model.apply(mergeParams(trained, held), input, { denseTokens: true }));
      return addN(Object.entries(cotangents).map(([name, dy]) => sum(mul(out[name]!, dy)))) as Scalar;
    })(trained);
    expect(Math.abs(value.dataSync()[0]! - c.scalar) / Math.abs(c.scalar)).toBeLessThan(floor);
    expect(Object.keys(grads).sort()).toEqual(Object.keys(c.gradients).sort());
    for (const [name, array] of Object.entries(c.gradients)) {
      expectClose(`gradient of ${name}`, grads[name]!, array, allowedError(c.float32GradientError[name], floor));
    }
  }

  function checkLora(c: LoraCase): void {
    const adapters = record(c.lora);
    checkModel(c, adapters, c.alpha);

    const params = mergeParams(record(c.state), adapters);
    expect(Object.keys(params).sort()).toEqual([...c.stateDictKeys].sort());
    const merged = mergeLora(params, { loraAlpha: c.alpha });
    for (const [name, array] of Object.entries(c.merged)) expectClose(`merged ${name}`, merged[name]!, array, floor);
    const output = named(createModel(c.config).apply(merged, inputsOf(c.inputs), { denseTokens: true }));
    for (const name of Object.keys(output)) expectClose(`merged: ${name}`, output[name]!, c.outputs[name]!, floor);

    const fresh = addLora(createKey(1), record(c.state), { rank: c.rank });
    expect(Object.keys(fresh).filter(isLora).sort()).toEqual([...c.trainable].sort());
    expect(Object.keys(c.freshInit).sort()).toEqual([...c.trainable].sort());
    for (const [name, { maxAbs, zero, shape }] of Object.entries(c.freshInit)) {
      expect(fresh[name]!.shape, name).toEqual(shape);
      const largest = Math.max(...fresh[name]!.dataSync().map(Math.abs));
      if (zero) expect(largest, name).toBe(0);
      else expect(Math.abs(largest / maxAbs - 1), name).toBeLessThan(0.15); // two maxima of uniform draws below the same bound
    }
  }

  function checkInside(c: InsideCase): void {
    const { images, texts } = inputsOf(c.inputs);
    const params = record(c.state);
    const weights = weightsOf('inside', params, createModel(c.config).shapes, { scaling: () => 1 });
    const image = slice(images, c.image, 1) as Tensor4D;
    const text = slice(texts, c.text, 1) as Tensor2D;
    const visual = weights.under('visual.');
    const seen: Record<string, Tensor> = {};

    const blocks = (x: Tensor2D, tower: string, under: Weights, run: TransformerRun) => {
      for (let i = 0; i < run.layers; i++) {
        const block = under.under(`transformer.resblocks.${i}.`);
        const attended = selfAttention(normed(x, block, 'ln_1'), block, run);
        seen[`${tower}/block${i}/attention`] = attended;
        seen[`${tower}/block${i}/mlp`] = mlp(normed(addN([x, attended]), block, 'ln_2'), block, run);
        x = residualBlock(x, block, run);
        seen[`${tower}/block${i}`] = x;
      }
      return x;
    };
    const patches = projectPatches(visual, image); // [P, w]
    seen['visual/conv1'] = transpose(patches);
    const x = normed(embedPatches(visual, image), visual, 'ln_pre');
    seen['visual/ln_pre'] = x;
    const imageRun = { ...visionSizes(c.config.vision_cfg), quickGelu: c.config.quick_gelu === true, batch: 1, length: x.shape[0] };
    seen['visual/ln_post'] = normed(blocks(x, 'visual', visual, imageRun), visual, 'ln_post');
    const length = text.shape[1];
    const textRun = {
      ...textSizes(c.config.text_cfg),
      quickGelu: c.config.quick_gelu === true,
      batch: 1,
      length,
      bias: causalBias(length),
    };
    seen['text/ln_final'] = normed(blocks(embedTokens(weights, text), 'text', weights, textRun), weights, 'ln_final');

    expect(Object.keys(seen).sort()).toEqual(Object.keys(c.arrays).sort());
    for (const [what, name] of Object.entries(c.arrays)) {
      const expected = area.array(name);
      const actual = seen[what]!.dataSync();
      expect(relativeError(actual, expected.data), what).toBeLessThanOrEqual(floor);
    }
  }

  /** The note's two distances, which are those of one of the models: of its image tokens to what is projected after ln_post, and before it. */
  function checkNote({ expected }: NoteCase): void {
    const distances = area.cases.filter(({ kind }) => kind === 'model').map((c) => lnPostDistances(c as Case & ModelCase));
    const close = (actual: number, wanted: number) => Math.abs(actual - wanted) < floor;
    expect(distances).toSatisfy((all: typeof distances) =>
      all.some(({ after, before }) => close(after, expected.afterLnPost) && close(before, expected.beforeLnPost)),
    );
  }

  function lnPostDistances({ config, state, inputs }: ModelCase): { readonly after: number; readonly before: number } {
    const { images, texts } = inputsOf(inputs);
    const model = createModel(config);
    const params = record(state);
    const visual = weightsOf('note', params, model.shapes, { scaling: () => 1 }).under('visual.');
    const { imageTokens } = model.apply(params, { images, texts }, { denseTokens: true });
    const [batch, count, dim] = imageTokens.shape as [number, number, number];
    const run = { ...visionSizes(config.vision_cfg), quickGelu: config.quick_gelu === true, batch, length: count + 1 };
    const x = transformer(normed(embedPatches(visual, images as Tensor4D), visual, 'ln_pre'), visual.under('transformer.'), run);
    const distance = (rows: Tensor2D) => {
      const projected = reshape(matMul(rows, visual.get<Tensor2D>('proj')), [batch, count + 1, dim]);
      return relativeError(slice(projected, [0, 1, 0], [batch, count, dim]).dataSync(), imageTokens.dataSync() as Float32Array);
    };
    return { after: distance(normed(x, visual, 'ln_post')), before: distance(x) };
  }

  function checkVisionPositions(c: PositionCase<Grid>): void {
    expect(c.options.extraTokens).toBe(1);
    const resized = resizeImagePositions(area.array(c.input) as HostArray<Float32Array>, c.options.from, c.options.to);
    expectClose('positions', resized, c.output, allowedError(c.float32Error, positionFloor));
  }

  function checkTextPositions(c: PositionCase<number>, shorter: 'linear' | 'cut'): void {
    const input = area.array(c.input) as HostArray<Float32Array>;
    expect(input.shape[0]).toBe(c.options.from);
    expectClose('positions', resizeTextPositions(input, c.options.to, { shorter }), c.output, positionFloor);
  }

  const kinds: Readonly<Record<string, (c: never) => void>> = {
    model: checkModel,
    lora: checkLora,
    inside: checkInside,
    note: checkNote,
    visionPositionResize: checkVisionPositions,
    textPositionResizeOnLoad: (c: PositionCase<number>) => checkTextPositions(c, 'linear'),
    textPositionForceContext: (c: PositionCase<number>) => checkTextPositions(c, 'cut'),
  };
  let ran = 0;
  it.each(area.cases)('$name', (c) => {
    const check = kinds[c.kind];
    if (!check) throw new Error(`unknown kind ${c.kind}`);
    tidy(() => void check(c as never));
    ran++;
  });
  it('ran every case', () => expect(ran).toBe(area.cases.length));
});
