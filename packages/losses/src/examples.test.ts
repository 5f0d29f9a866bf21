import '@tensorflow/tfjs';
import { readdirSync, readFileSync } from 'node:fs';
import * as tfjs from '@tensorflow/tfjs-core';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as losses from './index.js';
import * as testing from './testing/index.js';

/** Every `@example` of a docstring by where it stands; the README's snippets are run by tools/snippets.test.ts. */
const folders = [import.meta.dirname, `${import.meta.dirname}/testing`];
const sources = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`),
);
const docstrings = sources.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/@example\n([\s\S]*?)\n \*\//g)].map(
    ([, code]) => [path, code!.replaceAll(/^ \* ?/gm, '')] as const,
  ),
);
const readme = `${import.meta.dirname}/../README.md`;
const snippets = [...readFileSync(readme, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

const { output, batch } = testing.sampleOutput({ B: 8, K: 3 });
const console = { log: () => {} };
const { default: _, ...tf } = tfjs as typeof tfjs & { default: unknown };
const scope: Record<string, unknown> = { ...tf, ...losses, ...testing, ...output, ...batch, output, batch, console };

describe('examples', () => {
  it('stand at every public function', () => {
    const names = Object.keys({ ...losses, ...testing });
    expect(names.filter((name) => !docstrings.some(([, code]) => new RegExp(`\\b${name}[(.]`).test(code)))).toEqual([]);
  });

  it('stand in the README for every function that it lists', () => {
    const listed = [...readFileSync(readme, 'utf8').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
    expect(listed.toSorted()).toEqual(Object.keys(losses).toSorted());
    expect(listed.filter((name) => !snippets.some((code) => code.includes(`${name}(`)))).toEqual([]);
  });

  it.each(docstrings.map(([path, code]) => [path.slice(import.meta.dirname.length + 1), code] as const))('%s', (_, code) => {
    const script = ts.transpile(code, { target: ts.ScriptTarget.ES2023 });
    // a block of its own, so that the example's names hide the scope's
    new Function(...Object.keys(scope), `{ ${script} }`)(...Object.values(scope));
  });
});
