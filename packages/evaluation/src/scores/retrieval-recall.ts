import { checkShapes, DataError, type HostArray, OptionError } from '@fsc-clip/core';
import { checkColumns } from './compositional-accuracy.js';
import { type ItemScore, itemScore } from './score.js';
import { dot, dotProducts } from './similarities.js';

/** What is retrieved from what: features, or scores that were computed already. */
export type RetrievalInput = {
  /** The image that each of the C captions belongs to: integers in [0, I). Every image has at least one caption. */
  readonly owner: ArrayLike<number>;
} & (
  | {
      /** f32 [I, D], unit length. */
      readonly imageFeatures: HostArray<Float32Array>;
      /** f32 [C, D], unit length. */
      readonly textFeatures: HostArray<Float32Array>;
    }
  | {
      /** f32 [I, C]. */
      readonly scores: HostArray<Float32Array>;
    }
);

/** Options of `retrievalRecall`. */
export interface RetrievalOptions {
  /**
   * The depths at which recall is measured.
   * @defaultValue [1, 5, 10]
   */
  readonly depths?: readonly number[];
  /**
   * Images whose scores are held at a time: `blockSize · C` numbers of 8 bytes.
   * @defaultValue 64
   */
  readonly blockSize?: number;
}

/** One direction of retrieval. */
export interface RetrievalDirection {
  /** Recall by depth: `recall[1]`, `recall[5]`, … */
  readonly recall: Readonly<Record<number, ItemScore>>;
  /** Place of every query's best own item, from 1; items of other owners that tie with it go before it. */
  readonly ranks: Int32Array;
  readonly meanRank: number;
  /** As open_clip has it: the lower whole number when it falls between two. */
  readonly medianRank: number;
}

/** Recall in both directions. */
export interface RetrievalRecall {
  readonly imageToText: RetrievalDirection;
  readonly textToImage: RetrievalDirection;
}

/**
 * Recall at k, images to captions and back, when an image may have several captions. A query is a hit at k when fewer than k items of
 * *other* owners score at least as high as its best own item: ties and NaN count against it.
 *
 * Ranks are counted, not sorted, and scores live a block of images at a time: COCO's 5,000 × 25,010 needs megabytes, not gigabytes.
 *
 * @param input - features, or scores, and the owner of every caption
 * @returns recall, ranks, and the mean and median rank, per direction
 * @throws ShapeError when the shapes do not fit
 * @throws OptionError when a depth or the block size is no positive integer
 * @throws DataError when an owner is out of range or an image has no caption
 * @example
 * const { imageToText, textToImage } = retrievalRecall({ imageFeatures, textFeatures, owner: [0, 0, 1, 1, 2] });
 * imageToText.recall[1]?.value;
 */
export function retrievalRecall(input: RetrievalInput, options: RetrievalOptions = {}): RetrievalRecall {
  const { depths = [1, 5, 10], blockSize = 64 } = options;
  checkPositive('depths', depths);
  checkPositive('blockSize', [blockSize]);
  const { images, captions, own, blocks } = scoresOf(input, blockSize);
  const { owner } = input;
  checkColumns('retrievalRecall', 'owner', owner, captions, images);
  const captionsOf = Array.from({ length: images }, (): number[] => []);
  for (let caption = 0; caption < captions; caption++) captionsOf[owner[caption]!]!.push(caption);
  const alone = captionsOf.findIndex((list) => list.length === 0);
  if (alone >= 0) {
    throw new DataError({
      function: 'retrievalRecall',
      argument: 'owner',
      rule: 'must give every image at least one caption',
      got: `none for image ${alone}`,
    });
  }
  const imageRanks = new Int32Array(images).fill(1);
  const captionRanks = new Int32Array(captions).fill(1);
  for (const { first, rows } of blocks()) {
    for (let image = first, at = 0; at < rows.length; image++, at += captions) {
      const best = captionsOf[image]!.reduce((highest, caption) => Math.max(highest, rows[at + caption]!), Number.NEGATIVE_INFINITY);
      let rank = 1;
      for (let caption = 0; caption < captions; caption++) {
        if (owner[caption] === image) continue;
        const score = rows[at + caption]!;
        if (!(score < best)) rank++; // not `>=`: NaN counts against the query
        if (!(score < own[caption]!)) captionRanks[caption]!++;
      }
      imageRanks[image] = rank;
    }
  }
  return { imageToText: direction(imageRanks, depths), textToImage: direction(captionRanks, depths) };
}

function direction(ranks: Int32Array, depths: readonly number[]): RetrievalDirection {
  const sorted = ranks.toSorted();
  const middle = (sorted.length - 1) / 2;
  return {
    recall: Object.fromEntries(
      depths.map((depth) => [
        depth,
        itemScore(
          'retrievalRecall',
          Float32Array.from(ranks, (rank) => (rank <= depth ? 1 : 0)),
        ),
      ]),
    ),
    ranks,
    meanRank: sorted.reduce((sum, rank) => sum + rank, 0) / sorted.length,
    medianRank: Math.floor((sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2),
  };
}

interface Scores {
  readonly images: number;
  readonly captions: number;
  /** The score of every caption with its own image. */
  readonly own: Float64Array;
  /** Rows of scores, a block of images at a time; the next block overwrites the last one. */
  blocks(): Iterable<{ first: number; rows: Float32Array | Float64Array }>;
}

function scoresOf(input: RetrievalInput, blockSize: number): Scores {
  if ('scores' in input) {
    const { data, shape } = input.scores;
    const { I, C } = checkShapes('retrievalRecall', { scores: [input.scores, 'I C'] });
    return {
      images: shape[0]!,
      captions: C,
      own: Float64Array.from({ length: C }, (_, caption) => data[input.owner[caption]! * C + caption]!),
      blocks: () => (I > 0 ? [{ first: 0, rows: data }] : []),
    };
  }
  const { I, C, D } = checkShapes('retrievalRecall', {
    imageFeatures: [input.imageFeatures, 'I D'],
    textFeatures: [input.textFeatures, 'C D'],
  });
  const images = input.imageFeatures.data;
  const texts = input.textFeatures.data;
  return {
    images: I,
    captions: C,
    own: Float64Array.from({ length: C }, (_, caption) => dot(images, input.owner[caption]! * D, texts, caption * D, D)),
    *blocks() {
      const block = new Float64Array(Math.min(blockSize, I) * C);
      for (let first = 0; first < I; first += blockSize) {
        const count = Math.min(blockSize, I - first);
        const rows = block.subarray(0, count * C);
        dotProducts(images.subarray(first * D, (first + count) * D), texts, D, rows);
        yield { first, rows };
      }
    },
  };
}

function checkPositive(argument: string, values: readonly number[]): void {
  if (values.length > 0 && values.every((value) => Number.isInteger(value) && value > 0)) return;
  throw new OptionError({ function: 'retrievalRecall', argument, rule: 'must be positive integers', got: `${values}` });
}
