import type { Batch, HostArray, Params } from '@fsc-clip/core';
import type { ImageTransform, RgbImage } from '@fsc-clip/data';
import type { Metric } from '@fsc-clip/evaluation';
import type { Model, Tokenizer } from '@fsc-clip/models';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What is learned from what and measured how: emoji scenes, or a user's own images and captions. */
export interface Task {
  readonly title: string;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly transform: ImageTransform;
  /** The weights that every fine-tuning starts from. */
  readonly start: Params<Tensor>;
  readonly steps: number;
  /** The batches of one fine-tuning: the same images and captions for a seed, with or without hard negatives. */
  batches(seed: number, negatives: boolean): AsyncIterable<Batch<HostArray>>;
  /** Captions that are trained on, for the blind baseline. */
  readonly trainingCaptions: readonly string[];
  readonly test: TestSet;
  /** Columns of the table, in order; keys are the test set's metrics, and `imageToText1`, `textToImage1`, `zeroShot`. */
  readonly metrics: readonly Metric[];
  /** What a careful reader should hold against the numbers. */
  readonly notes: readonly string[];
}

/** Questions about pictures. Pictures are named by their place in `pictures`, results by `metric`. */
export interface TestSet {
  readonly pictures: readonly (() => RgbImage | Promise<RgbImage>)[];
  /** Two pictures and their captions, each caption false of the other picture. */
  readonly counterPairs: readonly {
    readonly metric: string;
    readonly pictures: readonly [number, number];
    readonly captions: readonly [string, string];
  }[];
  /** A picture, its caption, and one that is false of it. */
  readonly foils: readonly Foil[];
  /** Every picture is to find its caption among all, and every caption its picture. */
  readonly retrieval: readonly { readonly picture: number; readonly caption: string }[];
  /** Every picture is to find its name among all names. */
  readonly zeroShot: { readonly names: readonly string[]; readonly items: readonly { readonly picture: number; readonly name: string }[] };
}

/** A question of a `TestSet`. */
export interface Foil {
  readonly metric: string;
  readonly picture: number;
  readonly caption: string;
  readonly foil: string;
}
