import { stat } from 'node:fs/promises';
import { createKey, DataError, foldIn, type Key, randomStream } from '@fsc-clip/core';
import { batches, decodeImage, evalTransform, readCaptionTable, type Sample, trainTransform } from '@fsc-clip/data';
import { createTokenizer, type Tokenizer } from '@fsc-clip/models';
import { fscClip, type NegativeGenerator } from '@fsc-clip/negatives';
import type { OwnData, QuickstartOptions } from './options.js';
import type { Skips } from './skips.js';
import { openStartModel } from './start-model.js';
import type { Task, TestSet } from './task.js';

/** A user's own images and captions. A tenth of them, at most `--test`, is held out for measuring. */
export async function openOwnTask(data: OwnData, options: QuickstartOptions, skips: Skips): Promise<Task> {
  const { batchSize } = options;
  const samples = await readSamples(data, skips);
  const heldOut = Math.min(options.test, Math.floor(samples.length / 10));
  const trained = samples.slice(heldOut);
  const perEpoch = Math.floor(trained.length / batchSize);
  if (heldOut === 0 || perEpoch === 0) {
    const rule = `must hold at least 10 usable pairs, and ${batchSize} (--batch) beside those held out`;
    throw new DataError({ function: 'quickstart', argument: data.file, rule, got: `${samples.length}, ${heldOut} of them held out` });
  }
  const { model, params } = await openStartModel(options.own);
  const { image_size: size } = model.config.vision_cfg;
  const tokenizer = shortTokenizer(samples, model.config.text_cfg.context_length);
  const negatives = countingEmpty(fscClip(), skips);
  const transform = trainTransform({ size });
  return {
    title: 'Fine-tuning on your own images',
    model,
    tokenizer,
    transform: evalTransform({ size }),
    start: params,
    steps: options.steps ?? perEpoch,
    batches: async function* (seed, withNegatives) {
      const key = foldIn(createKey(seed), 'fine-tuning');
      for (let epoch = 0; ; epoch++) {
        const run = { batchSize, transform, tokenizer, key, epoch, shuffle: true, onError: skips.add };
        const pass = batches(trained, withNegatives ? { ...run, negatives } : run);
        yield* pass;
        if (pass.stats.batches === 0) {
          const got = `${pass.stats.samples} of ${trained.length}`;
          throw new DataError({ function: 'quickstart', argument: data.images, rule: 'must hold enough readable images for a batch', got });
        }
      }
    },
    trainingCaptions: trained.map(({ caption }) => caption),
    test: await ownTests(samples.slice(0, heldOut), negatives, skips),
    metrics: [
      ...negatives.types.map((type) => ({ key: type, label: `against ${type}`, chance: 1 / 2, headline: type === 'swap' })),
      { key: 'imageToText1', label: 'image→text R@1' },
      { key: 'textToImage1', label: 'text→image R@1' },
    ],
    notes: [
      'The foils follow the rules that make the hard negatives of training: a method that is trained on such negatives has met their kind.',
    ],
  };
}

/** The usable rows of the table, in a fixed random order. */
async function readSamples({ file, images, imageColumn, captionColumn }: OwnData, skips: Skips): Promise<Sample[]> {
  const folder = await stat(images).catch(() => undefined);
  if (!folder?.isDirectory()) throw new DataError({ function: 'quickstart', argument: '--images', rule: 'must be a folder', got: images });
  const samples: Sample[] = [];
  for await (const sample of readCaptionTable(file, { root: images, imageColumn, captionColumn, onError: skips.add })) samples.push(sample);
  return randomStream(foldIn(createKey(0), 'held out')).shuffle(samples);
}

/** As many positions as the longest caption needs, and a few for longer negatives: a causal tower computes the same in less time. */
function shortTokenizer(samples: readonly Sample[], contextLength: number): Tokenizer {
  const tokenizer = createTokenizer({ contextLength });
  const longest = samples.reduce((most, { caption }) => Math.max(most, tokenizer.encode(caption).length), 0);
  return createTokenizer({ contextLength: Math.min(contextLength, longest + 4) });
}

function countingEmpty({ types, generate }: NegativeGenerator, skips: Skips): NegativeGenerator {
  return {
    types,
    generate: (caption: string, key: Key) => {
      const texts = generate(caption, key);
      if (texts.every((text) => text === null)) skips.addCaption(caption);
      return texts;
    },
  };
}

/** Held-out captions against their own hard negatives, and retrieval among them. */
async function ownTests(samples: readonly Sample[], negatives: NegativeGenerator, skips: Skips): Promise<TestSet> {
  const readable: (Sample & { image: string })[] = [];
  for (const sample of samples) {
    const image = sample.image as string; // a table's pictures are files
    await decodeImage(image).then(() => readable.push({ ...sample, image }), skips.add);
  }
  const key = foldIn(createKey(0), 'foils');
  return {
    pictures: readable.map(
      ({ image }) =>
        () =>
          decodeImage(image),
    ),
    counterPairs: [],
    foils: readable.flatMap(({ key: name, caption }, picture) =>
      negatives
        .generate(caption, foldIn(key, name))
        .flatMap((foil, slot) => (foil === null ? [] : [{ metric: negatives.types[slot]!, picture, caption, foil }])),
    ),
    retrieval: readable.map(({ caption }, picture) => ({ picture, caption })),
    zeroShot: { names: [], items: [] },
  };
}
