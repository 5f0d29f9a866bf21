import type { DataError } from '@fsc-clip/core';

/** Counts what was left out, and says so: each thing once, and after the first few only how many. */
export interface Skips {
  /** Reports a broken row or picture. */
  readonly add: (error: DataError) => void;
  /** Counts a caption that none of the rules finds a negative for. */
  readonly addCaption: (caption: string) => void;
  /** What was left out, for the end of the run. */
  summary(): string[];
}

const shownAtMost = 5;

/** @param say - writes a line */
export function createSkips(say: (line: string) => void): Skips {
  const broken = new Set<string>();
  const captions = new Set<string>();
  return {
    add: ({ message }) => {
      if (broken.has(message)) return;
      broken.add(message);
      if (broken.size <= shownAtMost) say(`skipped: ${message}`);
    },
    addCaption: (caption) => captions.add(caption),
    summary: () => [
      ...(broken.size > 0 ? [`Rows or pictures that could not be used and were left out: ${broken.size}`] : []),
      ...(captions.size > 0 ? [`Captions without a hard negative, their slots empty: ${captions.size}`] : []),
    ],
  };
}
