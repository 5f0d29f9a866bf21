import '@tensorflow/tfjs';
import { createParams, type LossTerms, valueAndGrads } from '@fsc-clip/core/tensor';
import { type ClipConfig, createModel } from '@fsc-clip/models';
import { describeGolden, relativeError } from '@fsc-clip/testdata';
import { addN, concat, div, reshape, type Scalar, scalar, slice, sub, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  asTensor,
  differentiate,
  type Expected,
  expectGradients,
  expectTerms,
  type GoldenGradients,
  goldenNames,
  kinds,
  type Output,
  recipe,
} from './golden-cases.fixture.js';
import { acrossRanks, clipLoss, fscClipLossAcrossRanks, type HasNegatives, negClipLoss, type RankOptions } from './index.js';

interface Case extends GoldenGradients {
  readonly name: string;
  readonly kind: string;
  readonly worldSize: number;
  readonly expected: Expected;
  readonly options: { readonly localLoss: boolean };
  readonly ranks: readonly (GoldenGradients & { readonly batch: string; readonly expected: Expected })[];
  /** Kind `ddp`. */
  readonly config: ClipConfig;
  readonly state: string;
}

interface Layout {
  readonly worldSize: number;
  readonly shape: { readonly B: number; readonly K: number };
}

type Gathered = Record<'imageFeatures' | 'textFeatures' | 'negativeMask', Tensor>;
type RankLoss = (output: Output, batch: HasNegatives & { readonly gathered: Gathered }) => Scalar | LossTerms;

const { globalWeight, localWeight, focalGamma, labelSmoothing } = recipe;
const fscOptions = { globalWeight: globalWeight!, localWeight: localWeight!, focalGamma: focalGamma!, labelSmoothing: labelSmoothing! };

/** Per kind: the loss of one rank with the gradients that the reference has. */
const rankLosses: Readonly<Record<string, (ranks: RankOptions) => RankLoss>> = {
  clip: (ranks) => acrossRanks(clipLoss, ranks),
  clipNegatives: (ranks) => acrossRanks(negClipLoss, ranks),
  fsc: (ranks) => fscClipLossAcrossRanks(ranks, fscOptions),
};

/** The same where `local_loss` takes the contrastive gradient from all features in the reference: there they are held constant. */
const heldLosses: typeof rankLosses = {
  clip: rankLosses['clip']!,
  clipNegatives: rankLosses['clipNegatives']!,
  fsc: (ranks) => (output, batch) => {
    const { imageFeatures, textFeatures } = output;
    const { total, terms } = fscClipLossAcrossRanks(ranks, fscOptions)(output, batch);
    const contrastive = acrossRanks(clipLoss, ranks);
    const withoutScale = { imageFeatures, textFeatures, logitScale: scalar(output.logitScale.dataSync()[0]!) };
    return { total: sub(total, contrastive(withoutScale, batch)), terms };
  },
};

describeGolden<Case, Layout>('distributed', (area) => {
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
  const named = (cases: readonly Case[]) => cases.map((each) => [each.name, each] as const);
  const single = area.cases.filter((each) => each.worldSize === 1);
  const ddp = area.cases.filter((each) => each.kind === 'ddp');
  const several = area.cases.filter((each) => !single.includes(each) && !ddp.includes(each));

  it('knows every kind of case', () => {
    expect(single.length * several.length * ddp.length).toBeGreaterThan(0);
    expect(Object.keys(kinds)).toEqual(expect.arrayContaining(single.map(({ kind }) => kind)));
    expect(Object.keys(rankLosses)).toEqual(expect.arrayContaining(several.map(({ kind }) => kind)));
  });

  it.each(named(single))('%s: the rows of all ranks, in one process', (_, each) => {
    const { loss, inputs } = kinds[each.kind]!;
    const textRows = area.array(each.gradients['text_features']!).shape[0]!;
    const textFeatures = slice(output.textFeatures, 0, textRows);
    const { value, terms, grads } = differentiate(loss(recipe), { ...output, textFeatures }, negativeMask, inputs);
    expectTerms(each, Object.keys(each.expected), (name) => terms[name] ?? value);
    expectGradients(area, each, grads);
  });

  /** What rank by rank `allGather` gives; the plain CLIP loss has captions only. */
  const gatheredFor = (kind: string): Gathered => {
    const all = (name: string) => concat(ranks.map((rank) => asTensor(area.array(`rank${rank}/${name}`))));
    const captions = (rank: number) => slice(asTensor(area.array(`rank${rank}/text_features`)), 0, shape.B);
    const textFeatures = kind === 'clip' ? concat(ranks.map(captions)) : all('text_features');
    return { imageFeatures: all('image_features'), textFeatures, negativeMask: all('mask') };
  };

  describe.each(named(several))('%s', (_, { kind, options, ranks: ofRanks }) => {
    const gathered = gatheredFor(kind);
    it.each(ofRanks.map((each, rank) => [rank, each] as const))('rank %i', (rank, expected) => {
      const read = (name: string) => asTensor(area.array(`rank${rank}/${name}`));
      const own: Output = {
        imageFeatures: read('image_features'),
        textFeatures: kind === 'clip' ? slice(read('text_features'), 0, shape.B) : read('text_features'),
        imageTokens: read('image_tokens'),
        textTokens: read('text_tokens'),
        textMask: read('text_mask'),
        logitScale: read('logit_scale'),
      };
      const loss = (options.localLoss ? heldLosses : rankLosses)[kind]!({ rank, size: worldSize, gather: 'reference' });
      const names = kinds[kind]!.inputs.filter((name) => expected.gradients[goldenNames[name]] !== null);
      const { value, terms, grads } = differentiate((output, batch) => loss(output, { ...batch, gathered }), own, read('mask'), names);
      expectTerms(expected, Object.keys(expected.expected), (name) => terms[name] ?? value);
      expectGradients(area, expected, grads);
    });
  });

  it.each(named(ddp))('%s: a model on 4 ranks, gradients averaged', (_, { config, state, ranks: ofRanks, gradients }) => {
    const model = createModel(config);
    const params = createParams(Object.entries(area.arraysUnder(state)).map(([name, array]) => [name, asTensor(array)] as const));
    const batches = ofRanks.map(({ batch }) => {
      const { images, texts, mask } = area.arraysUnder(batch);
      return { images: asTensor(images!), texts: asTensor(texts!), negativeMask: asTensor(mask!) };
    });
    const outputs = batches.map((batch) => model.apply(params, batch, { denseTokens: true }));
    const gathered = {
      imageFeatures: concat(outputs.map(({ imageFeatures }) => imageFeatures)),
      textFeatures: concat(outputs.map(({ textFeatures }) => textFeatures)),
      negativeMask: concat(batches.map(({ negativeMask }) => negativeMask)),
    };
    const steps = batches.map((batch, rank) => {
      const loss = fscClipLossAcrossRanks({ rank, size: worldSize, gather: 'reference' }, fscOptions);
      return valueAndGrads((weights) => loss(model.apply(weights, batch, { denseTokens: true }), { ...batch, gathered }))(params);
    });
    for (const [rank, { terms }] of steps.entries()) {
      const { expected } = ofRanks[rank]!;
      expectTerms({ expected }, Object.keys(expected), (name) => terms[name]!.dataSync()[0]!);
    }
    for (const [name, key] of Object.entries(gradients)) {
      const mean = div(addN(steps.map(({ grads }) => grads[name]!)), worldSize);
      expect(relativeError(mean.dataSync(), area.array(key!).data), name).toBeLessThanOrEqual(1e-5);
    }
  });
});
