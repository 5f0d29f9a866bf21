import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MetricWriter } from './metric-writer.js';

/** Options of `jsonLinesWriter`. */
export interface JsonLinesWriterOptions {
  /** The wall clock, in milliseconds since 1970. @defaultValue Date.now */
  readonly now?: () => number;
}

/**
 * Appends one line of JSON per step: `{"step":50,"time":"2024-11-12T09:00:00.000Z","loss":2.31}`. Numbers that JSON lacks are the strings
 * `"NaN"`, `"Infinity"`, `"-Infinity"`. Each line is given to the operating system before `write` returns, so a crash of the program
 * loses none; a line that an earlier crash cut short is ended first. A resumed run appends to the same file.
 *
 * @param path - the file; its folder is made where missing
 */
export function jsonLinesWriter(path: string, { now = Date.now }: JsonLinesWriterOptions = {}): MetricWriter {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'a+');
  if (isCutShort(file)) writeSync(file, '\n');
  let open = true;
  return {
    write: (step, metrics) => {
      const numbers = Object.entries(metrics).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]);
      writeSync(file, `${JSON.stringify({ step, time: new Date(now()).toISOString(), ...Object.fromEntries(numbers) })}\n`);
    },
    close: () => {
      if (!open) return;
      open = false;
      fsyncSync(file);
      closeSync(file);
    },
  };
}

function isCutShort(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString() !== '\n';
}
