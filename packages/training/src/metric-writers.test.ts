import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { consoleWriter } from './console-writer.js';
import { jsonLinesWriter } from './json-lines-writer.js';
import { combineWriters, type MetricWriter } from './metric-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'metric-writers-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('jsonLinesWriter', () => {
  it('appends a line per step that is on disk at once, across runs', () => {
    const path = join(folder, 'new', 'run.jsonl');
    const first = jsonLinesWriter(path, { now: () => 0 });
    first.write(1, { loss: 0.5, clip: Number.NaN, up: Number.POSITIVE_INFINITY, down: Number.NEGATIVE_INFINITY });
    const line = '{"step":1,"time":"1970-01-01T00:00:00.000Z","loss":0.5,"clip":"NaN","up":"Infinity","down":"-Infinity"}\n';
    expect(readFileSync(path, 'utf8')).toBe(line);
    first.close();
    first.close();
    const second = jsonLinesWriter(path, { now: () => 1000 });
    second.write(2, { loss: 0.25 });
    second.close();
    expect(readFileSync(path, 'utf8')).toBe(`${line}{"step":2,"time":"1970-01-01T00:00:01.000Z","loss":0.25}\n`);
  });

  it('ends a line that a crash cut short, so that only that one is lost', () => {
    const path = join(folder, 'cut.jsonl');
    appendFileSync(path, '{"step":1,"lo');
    const writer = jsonLinesWriter(path, { now: () => 0 });
    writer.write(2, {});
    writer.close();
    expect(readFileSync(path, 'utf8').split('\n')).toEqual(['{"step":1,"lo', '{"step":2,"time":"1970-01-01T00:00:00.000Z"}', '']);
  });
});

describe('consoleWriter', () => {
  it('prints a short line per step', () => {
    const lines: string[] = [];
    const writer = consoleWriter({ stream: { write: (text) => lines.push(text) }, total: 1960 });
    writer.write(50, { loss: 2.3456789, learningRate: 5e-6, logitScale: 100, clip: Number.NaN, big: 12345678.9 });
    expect(lines).toEqual(['step   50/1960  loss 2.3457  learningRate 5.000e-6  logitScale 100  clip NaN  big 1.235e+7\n']);
  });
});

describe('combineWriters', () => {
  it('hands everything to each writer, and closes all even if one fails', () => {
    const seen: string[] = [];
    const named = (name: string, fails = false): MetricWriter => ({
      write: (step, { loss }) => seen.push(`${name} ${step} ${loss}`),
      close: () => {
        seen.push(`${name} closed`);
        if (fails) throw new Error(`${name} failed`);
      },
    });
    const all = combineWriters(named('a', true), named('b'));
    all.write(1, { loss: 2 });
    expect(() => all.close()).toThrow('a failed');
    expect(seen).toEqual(['a 1 2', 'b 1 2', 'a closed', 'b closed']);
    expect(() => combineWriters(named('a', true), named('b', true)).close()).toThrow(AggregateError);
  });
});
