import { OptionError } from '@fsc-clip/core';

/** A stream to show progress on: `process.stderr`, or a stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  /** Width of the terminal, in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** Options of `createProgress`. */
export interface ProgressOptions {
  /** How many there are to do. */
  readonly total: number;
  /** What is counted, in the plural. @defaultValue 'steps' */
  readonly unit?: string;
  /** How many were done before, in a resumed run; they do not count for the rate. @defaultValue 0 */
  readonly initial?: number;
  /** @defaultValue process.stderr */
  readonly stream?: ProgressStream;
  /** Where the stream is no terminal: a line each time that many seconds or that many percent have passed. @defaultValue quiet there */
  readonly lineEvery?: { readonly seconds: number } | { readonly percent: number };
  /** A clock in milliseconds. @defaultValue performance.now */
  readonly now?: () => number;
}

/** A running count on a terminal. */
export interface Progress {
  /** Counts `by` more as done; `note` stands at the end of the line until the next one. */
  advance(by?: number, note?: string): void;
  /** Writes whole lines above the progress line; so a `Progress` is a stream for `consoleWriter`. */
  write(text: string): void;
  /** Draws the end of it, with the time taken. Safe to call twice. */
  close(): void;
}

const redrawMs = 100;
const rateWindowMs = 30_000;

/**
 * Shows how far a loop is, how fast it goes and how long it will take: ` 37%  725/1960 steps  8.52 steps/s  2:25 left  loss 1.23`. On
 * a terminal it is one line that rewrites itself, at most ten times a second; elsewhere it is quiet, or writes lines if asked to.
 * The rate is that of the last half minute. No timer: it moves when the loop does.
 *
 * @throws OptionError when `total` or `initial` is no count, or `lineEvery` is not above 0
 * @example
 * const progress = createProgress({ total: 1960 });
 * for await (const batch of batches) {
 *   await step(batch);
 *   progress.advance();
 * }
 * progress.close();
 */
export function createProgress(options: ProgressOptions): Progress {
  const { total, unit = 'steps', initial = 0, stream = process.stderr, lineEvery, now = () => performance.now() } = options;
  checkOptions(options);
  const terminal = stream.isTTY === true;
  const start = now();
  let done = initial;
  let note = '';
  let drawn = terminal ? Number.NEGATIVE_INFINITY : start;
  let drawnDone = initial;
  let closed = false;
  const marks = [{ time: start, done }];

  const rate = (time: number): number => {
    while (marks.length > 1 && time - marks[1]!.time >= rateWindowMs) marks.shift();
    const since = marks[0]!;
    if (time - marks.at(-1)!.time >= rateWindowMs / 60) marks.push({ time, done });
    return time > since.time ? (1000 * (done - since.done)) / (time - since.time) : 0;
  };
  const line = (time: number): string => {
    const perSecond = closed ? (1000 * (done - initial)) / (time - start) : rate(time);
    const timing = closed
      ? `in ${duration((time - start) / 1000)}`
      : perSecond > 0 && done <= total && `${duration((total - done) / perSecond)} left`;
    const percent = `${total === 0 ? 100 : Math.floor((100 * done) / total)}%`.padStart(4);
    const speed = Number.isFinite(perSecond) && perSecond > 0 && `${threeDigits(perSecond)} ${unit}/s`;
    return [percent, `${done}/${total} ${unit}`, speed, timing, note].filter(Boolean).join('  ');
  };
  const isDue = (time: number): boolean => {
    if (terminal) return time - drawn >= redrawMs;
    if (lineEvery === undefined) return false;
    if ('seconds' in lineEvery) return time - drawn >= 1000 * lineEvery.seconds;
    const stage = (count: number) => Math.floor((100 * count) / total / lineEvery.percent);
    return stage(done) > stage(drawnDone);
  };
  const draw = (time: number): void => {
    const text = line(time);
    stream.write(terminal ? `\r\x1b[K${text.slice(0, Math.max(0, (stream.columns ?? 80) - 1))}` : `${text}\n`);
    drawn = time;
    drawnDone = done;
  };
  return {
    advance: (by = 1, newNote = note) => {
      done += by;
      note = newNote;
      const time = now();
      if (!closed && isDue(time)) draw(time);
    },
    write: (text) => {
      if (!terminal || closed) return void stream.write(text);
      stream.write(`\r\x1b[K${text}`);
      draw(now());
    },
    close: () => {
      if (closed) return;
      closed = true;
      if (terminal || lineEvery !== undefined) draw(now());
      if (terminal) stream.write('\n');
    },
  };
}

/** Three significant digits, never in powers of ten. */
function threeDigits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** `0:07`, `12:34`, `1:02:03`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

function checkOptions({ total, initial = 0, lineEvery }: ProgressOptions): void {
  for (const [argument, value] of Object.entries({ total, initial })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new OptionError({ function: 'createProgress', argument, rule: 'must be an integer of at least 0', got: String(value) });
    }
  }
  const interval = lineEvery === undefined ? 1 : 'seconds' in lineEvery ? lineEvery.seconds : lineEvery.percent;
  if (!(interval > 0)) {
    throw new OptionError({ function: 'createProgress', argument: 'lineEvery', rule: 'must be above 0', got: String(interval) });
  }
}
