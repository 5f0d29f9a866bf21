import type { DataError } from '@fsc-clip/core';
import type { ImageSource } from './image.js';

/** A picture and what it shows: what sources yield and `batches` takes. */
export interface Sample {
  /** Names the sample in messages, and its random numbers: the same key draws the same crop and negatives in every order and on any number of workers. */
  readonly key: string;
  readonly image: ImageSource;
  readonly caption: string;
  /** Negative captions that come with the data; `listedNegatives` hands them on. */
  readonly negatives?: readonly string[];
}

/**
 * What to do with a broken row or picture: `'throw'` ends the run with a `DataError`; a function is told about it and the sample is left out,
 * e.g. `(error) => console.warn(error.message)`.
 */
export type OnError = 'throw' | ((error: DataError) => void);

/** Hands a broken item to the caller's handler, or throws. */
export function report(onError: OnError, error: DataError): void {
  if (onError === 'throw') throw error;
  onError(error);
}
