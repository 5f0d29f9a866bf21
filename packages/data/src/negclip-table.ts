import { readCaptionTable } from './caption-table.js';
import type { OnError, Sample } from './sample.js';

/** Options of `readNegclipTable`. */
export interface NegclipTableOptions {
  /** The folder that holds COCO's `train2014` and `val2014`. */
  readonly root: string;
  /** @defaultValue 'throw' */
  readonly onError?: OnError;
}

/**
 * Reads the COCO training table of NegCLIP (arXiv 2210.01936): captions with one to five negative captions each, in `sample.negatives`. Its paths begin
 * with `coco/`, which is not part of the folder on disk. Give `batches` the generator `listedNegatives()` to use them.
 *
 * @param path - `train_neg_clip.tsv` or `valid_neg_clip.tsv`
 * @throws DataError when the file cannot be read or a row is broken
 */
export function readNegclipTable(path: string, { root, onError = 'throw' }: NegclipTableOptions): AsyncGenerator<Sample, void, undefined> {
  return readCaptionTable(path, {
    separator: '\t',
    negativesColumn: 'neg_caption',
    root,
    imagePath: (cell) => cell.replace(/^coco\//, ''),
    onError,
  });
}
