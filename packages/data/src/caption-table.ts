import { createReadStream } from 'node:fs';
import { dirname, extname } from 'node:path';
import { pipeline } from 'node:stream';
import { DataError, OptionError } from '@fsc-clip/core';
import { parse } from 'csv-parse';
import { pathBelow } from './path-below.js';
import { parsePythonStrings } from './python-list.js';
import { type OnError, report, type Sample } from './sample.js';

/** Options of `readCaptionTable`. */
export interface CaptionTableOptions {
  /** @defaultValue 'filepath' */
  readonly imageColumn?: string;
  /** @defaultValue 'title' */
  readonly captionColumn?: string;
  /** A column that holds a Python list of strings. @defaultValue none */
  readonly negativesColumn?: string;
  /** One character between cells. @defaultValue ',' for `.csv`, a tab for `.tsv` and `.txt` */
  readonly separator?: string;
  /** The folder that image paths start from; none may lead outside (`'/'` allows all). @defaultValue the table's folder */
  readonly root?: string;
  /** Makes a path below `root` from a cell. @defaultValue the cell as it is */
  readonly imagePath?: (cell: string) => string;
  /** A row with too few or too many cells, without a caption, with a path outside `root`, or with an unreadable list. @defaultValue 'throw' */
  readonly onError?: OnError;
}

/** One row may not be larger: an unclosed quote would swallow the whole file. */
const MAX_ROW_BYTES = 1 << 20;

/**
 * Reads a table of pictures and captions, row by row: CSV or TSV with a header, quoted as Python's csv and pandas write it. Whether the pictures exist is
 * seen when they are loaded.
 *
 * @param path - the table, UTF-8
 * @returns samples in the order of the file, with the key `<image cell>#<row>`; the first row is 1
 * @throws OptionError when the separator is not known
 * @throws DataError when the file cannot be read, a column is missing (naming those that exist) or a row is broken
 * @example
 * for await (const { caption } of readCaptionTable('train.tsv', { root: 'images' })) console.log(caption);
 */
export function readCaptionTable(path: string, options: CaptionTableOptions = {}): AsyncGenerator<Sample, void, undefined> {
  const separator =
    options.separator ?? ({ '.csv': ',', '.tsv': '\t', '.txt': '\t' } as Record<string, string>)[extname(path).toLowerCase()];
  if (separator === undefined || separator.length !== 1) {
    const got = separator === undefined ? `none, and the ending of ${path} does not tell` : JSON.stringify(separator);
    throw new OptionError({ function: 'readCaptionTable', argument: 'separator', rule: 'must be one character', got });
  }
  return samples(path, separator, options);
}

async function* samples(path: string, separator: string, options: CaptionTableOptions): AsyncGenerator<Sample, void, undefined> {
  const { onError = 'throw' } = options;
  let toSample: ((row: readonly string[], number: number) => Sample | DataError) | undefined;
  let number = 0;
  try {
    for await (const row of rows(path, separator)) {
      if (!toSample) {
        toSample = rowReader(path, row, options);
        continue;
      }
      const sample = toSample(row, ++number);
      if (sample instanceof DataError) report(onError, sample);
      else yield sample;
    }
  } catch (error) {
    if (!isParseError(error)) throw error;
    // The rest of the file stands inside a quote that nobody closed: one broken row, and the last.
    report(
      onError,
      new DataError({ function: 'readCaptionTable', argument: path, rule: 'must be a table of rows', got: error.message, cause: error }),
    );
  }
  if (!toSample)
    throw new DataError({ function: 'readCaptionTable', argument: path, rule: 'must have a header row', got: 'an empty file' });
}

async function* rows(path: string, separator: string): AsyncGenerator<string[], void, undefined> {
  const parser = parse({
    delimiter: separator,
    bom: true,
    relax_quotes: true, // a quote inside an unquoted cell is a character, as pandas has it
    relax_column_count: true, // counted below, so that one short row does not end the file
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
  });
  let readError: Error | undefined;
  const file = createReadStream(path).on('error', (error) => {
    readError = error;
  });
  pipeline(file, parser, () => {}); // errors arrive through the parser
  try {
    yield* parser as AsyncIterable<string[]>;
  } catch (error) {
    if (!readError) throw error;
    throw new DataError({
      function: 'readCaptionTable',
      argument: path,
      rule: 'must be a file that can be read',
      got: readError.message,
      cause: readError,
    });
  }
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}

/** Looks up the columns once and returns what makes a sample, or an error, of a row. */
function rowReader(path: string, header: readonly string[], options: CaptionTableOptions) {
  const {
    imageColumn = 'filepath',
    captionColumn = 'title',
    negativesColumn,
    root = dirname(path),
    imagePath = (cell: string) => cell,
  } = options;
  const position = (column: string): number => {
    const found = header.indexOf(column);
    if (found >= 0) return found;
    const rule = `must have a column \`${column}\``;
    throw new DataError({
      function: 'readCaptionTable',
      argument: path,
      rule,
      got: `the columns ${header.map((name) => `\`${name}\``).join(', ')}`,
    });
  };
  const imageAt = position(imageColumn);
  const captionAt = position(captionColumn);
  const negativesAt = negativesColumn === undefined ? undefined : position(negativesColumn);
  return (row: readonly string[], number: number): Sample | DataError => {
    const broken = (rule: string, got?: string) =>
      new DataError({ function: 'readCaptionTable', argument: `${path} row ${number}`, rule, ...(got !== undefined && { got }) });
    if (row.length !== header.length) return broken(`must have ${header.length} cells`, String(row.length));
    const cell = row[imageAt]!;
    const caption = row[captionAt]!;
    if (caption.trim() === '') return broken(`must have a caption in \`${captionColumn}\``);
    const image = pathBelow(root, imagePath(cell));
    if (image === undefined) return broken(`must have a path below ${root} in \`${imageColumn}\``, JSON.stringify(cell));
    const sample = { key: `${cell}#${number}`, image, caption };
    if (negativesAt === undefined) return sample;
    const negatives = parsePythonStrings(row[negativesAt]!);
    return negatives
      ? { ...sample, negatives }
      : broken(`must have a list of strings in \`${negativesColumn}\``, row[negativesAt]!.slice(0, 80));
  };
}
