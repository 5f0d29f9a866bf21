import { describe, expect, it } from 'vitest';
import { createProgress, type ProgressOptions } from './progress.js';

function record(options: Partial<ProgressOptions> & { readonly isTTY?: boolean; readonly columns?: number } = {}) {
  const { isTTY = false, columns = 100, ...rest } = options;
  const written: string[] = [];
  let time = 0;
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  const progress = createProgress({ total: 200, stream, now: () => time, ...rest });
  return {
    written,
    progress,
    run: (steps: number, msPerStep: number, note?: string) => {
      for (let i = 0; i < steps; i++) {
        time += msPerStep;
        progress.advance(1, note);
      }
    },
  };
}

describe('createProgress', () => {
  it('rewrites one line on a terminal, at most ten times a second', () => {
    const { written, progress, run } = record({ isTTY: true });
    run(100, 10, 'loss 1.5');
    expect(written.length).toBe(10);
    expect(written.every((text) => text.startsWith('\r\x1b[K') && !text.includes('\n'))).toBe(true);
    run(10, 10);
    expect(written.at(-1)).toBe('\r\x1b[K 50%  101/200 steps  100 steps/s  0:01 left  loss 1.5');
    progress.close();
    progress.close();
    expect(written.slice(-2)).toEqual(['\r\x1b[K 55%  110/200 steps  100 steps/s  in 0:01  loss 1.5', '\n']);
  });

  it('takes the rate of the last half minute and leaves out what an earlier run did', () => {
    const { written, run } = record({ isTTY: true, total: 2000, initial: 1000 });
    run(10, 10_000);
    expect(written.at(-1)).toContain('1010/2000 steps  0.1 steps/s  2:45:00 left');
    run(40, 1000);
    expect(written.at(-1)).toContain('1050/2000 steps  1 steps/s  15:50 left');
  });

  it('is cut to the width of the terminal', () => {
    const { written, run } = record({ isTTY: true, columns: 12 });
    run(1, 1000);
    expect(written).toEqual(['\r\x1b[K  0%  1/200']);
  });

  it('is quiet in a pipe, unless asked for a line every so many seconds or percent', () => {
    const quiet = record();
    quiet.run(200, 1000);
    quiet.progress.close();
    expect(quiet.written).toEqual([]);

    const seconds = record({ lineEvery: { seconds: 60 }, unit: 'images' });
    seconds.run(130, 1000);
    expect(seconds.written).toEqual([' 30%  60/200 images  1 images/s  2:20 left\n', ' 60%  120/200 images  1 images/s  1:20 left\n']);

    const percent = record({ lineEvery: { percent: 25 } });
    percent.run(200, 1000);
    percent.progress.close();
    expect(percent.written.map((line) => line.slice(0, 4))).toEqual([' 25%', ' 50%', ' 75%', '100%', '100%']);
  });

  it('keeps its line below what is written through it', () => {
    const terminal = record({ isTTY: true });
    terminal.run(1, 1000);
    terminal.progress.write('epoch 1\n');
    expect(terminal.written.slice(1)).toEqual(['\r\x1b[Kepoch 1\n', '\r\x1b[K  0%  1/200 steps  1 steps/s  3:19 left']);
    const pipe = record();
    pipe.progress.write('epoch 1\n');
    expect(pipe.written).toEqual(['epoch 1\n']);
  });

  it('refuses counts that are none', () => {
    expect(() => record({ total: -1 })).toThrow('createProgress: `total` must be an integer of at least 0, got -1');
    expect(() => record({ lineEvery: { percent: 0 } })).toThrow('`lineEvery` must be above 0');
  });
});
