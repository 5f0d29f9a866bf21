import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Every TypeScript block of every README is run as it stands, from source, in a folder of its own that holds the files which the
// READMEs speak of: `train.tsv` and `images/`.

const root = fileURLToPath(new URL('..', import.meta.url));
const readmes = ['README.md', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)];
const snippets = readmes.flatMap((readme) => {
  const blocks = [...readFileSync(join(root, readme), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, code], i) => ({ name: `${readme} ${i + 1}`, code: code! }));
});

const pictures = join(root, 'testdata', 'fixtures', 'images');

/** The captioned pictures of the fixtures as a table. */
function captionTable(): string {
  const images = JSON.parse(readFileSync(join(pictures, 'images.json'), 'utf8')) as { file: string; caption: string }[];
  return ['filepath\ttitle', ...images.map(({ file, caption }) => `${file}\t${caption}`), ''].join('\n');
}

let folder: string;
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'snippets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('snippets of the READMEs', () => {
  it('exist for every package', () => {
    for (const readme of readmes) expect(snippets.filter(({ name }) => name.startsWith(readme)).length, readme).toBeGreaterThan(0);
  });

  it.each(snippets)('$name runs', async ({ name, code }) => {
    const place = join(folder, name.replaceAll(/\W+/g, '-'));
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(place, 'snippet.ts'), code);
    writeFileSync(join(place, 'train.tsv'), captionTable());
    symlinkSync(pictures, join(place, 'images'));
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const child = spawn(process.execPath, [tsx, '--conditions=source', 'snippet.ts'], { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
    const [exitCode] = await once(child, 'close');
    expect(exitCode, Buffer.concat(output).toString()).toBe(0);
  });
});
