// @fsc-clip/losses alone: packed as npm would publish it, installed into an empty project with nothing but @tensorflow/tfjs, run in Node, its
// losses weighed one by one, and with --browser run in a real page: bundled by vite, opened by chromium.
//   node tools/losses-alone/run.mjs [--browser]
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const budgetBytes = 4096; // of one loss
const combinations = ['fscClipLossAcrossRanks']; // three losses and two ways to gather: weighed, without a budget
const pageTimeoutMs = 60_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'losses-alone-'));
const project = join(folder, 'project');
const npm = (args, cwd) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

try {
  install();
  const inNode = await (await import(pathToFileURL(join(project, 'program.js')).href)).compute();
  if (!inNode.gradientCheck || !Object.values(inNode.numbers).every(Number.isFinite)) throw new Error(`in Node: ${JSON.stringify(inNode)}`);
  console.log(`Node ${process.versions.node}, ${inNode.backend}: works`);
  await weigh();
  if (process.argv.includes('--browser')) await browse(inNode);
} finally {
  rmSync(folder, { recursive: true });
}

/** Builds and packs core and losses, and installs both beside tfjs. */
function install() {
  execFileSync('npx', ['tsc', '-b', 'packages/losses'], { cwd: root, stdio: 'inherit' });
  mkdirSync(project);
  const tarballs = ['core', 'losses'].map((name) => {
    const packed = npm(['pack', '--silent', '--pack-destination', folder], join(root, 'packages', name)).trim();
    return join(folder, packed.split('\n').at(-1));
  });
  for (const file of ['program.js', 'page.js', 'index.html']) cpSync(join(root, 'tools', 'losses-alone', file), join(project, file));
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  npm(['install', '--silent', '--no-audit', '--no-fund', ...tarballs, '@tensorflow/tfjs@^4.22.0'], project);
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  console.log(`installed: ${Object.keys(dependencies).join(', ')}`);
}

/** What one public function imported alone costs beyond tfjs: minified, gzipped, its messages kept. */
async function weigh() {
  const names = Object.keys(await import(pathToFileURL(join(project, 'node_modules/@fsc-clip/losses/dist/index.js')).href));
  const sizes = [];
  for (const name of names) {
    const entry = join(project, `only-${name}.js`);
    writeFileSync(entry, `export { ${name} } from '@fsc-clip/losses';\n`);
    const [{ output }] = await build({
      root: project,
      configFile: false,
      logLevel: 'silent',
      build: { write: false, minify: true, lib: { entry, formats: ['es'] }, rollupOptions: { external: [/^@tensorflow\//] } },
    });
    const code = output.map((chunk) => chunk.code ?? '').join('');
    // its name stands in its messages; a function that throws nothing has none
    if (!/["'`]must/.test(code) && name !== 'scheduleWeights') throw new Error(`${name}: the messages are gone`);
    sizes.push([name, gzipSync(code).length]);
  }
  for (const [name, bytes] of sizes.toSorted((a, b) => b[1] - a[1])) console.log(`${String(bytes).padStart(6)} bytes gzip  ${name}`);
  const over = sizes.filter(([name, bytes]) => bytes > budgetBytes && !combinations.includes(name));
  if (over.length > 0) throw new Error(`more than ${budgetBytes} bytes: ${over.map(([name]) => name).join(', ')}`);
}

/** The same program in a page; its numbers must be Node's. */
async function browse(inNode) {
  const chromium = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!chromium) throw new Error('no browser: `apt-get install chromium` (Debian), or set CHROMIUM to the path of one');
  await build({ root: project, configFile: false, logLevel: 'warn', build: { target: 'esnext', chunkSizeWarningLimit: 5000 } });
  const types = { '.html': 'text/html', '.js': 'text/javascript' };
  let answer;
  const answered = new Promise((resolve) => {
    answer = resolve;
  });
  const server = createServer((request, response) => {
    if (request.url === '/result') {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        response.end();
        answer(JSON.parse(Buffer.concat(parts).toString()));
      });
      return;
    }
    const path = join(project, 'dist', request.url === '/' ? 'index.html' : new URL(request.url, 'http://page').pathname);
    if (!existsSync(path)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const browser = spawn(
    chromium,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu-sandbox',
      `--user-data-dir=${join(folder, 'profile')}`,
      `http://127.0.0.1:${server.address().port}/`,
    ],
    { stdio: 'ignore' },
  );
  const timeout = setTimeout(() => answer({ error: `no answer within ${pageTimeoutMs / 1000} s` }), pageTimeoutMs);
  const inPage = await answered;
  clearTimeout(timeout);
  const closed = new Promise((resolve) => browser.once('close', resolve));
  browser.kill();
  await closed;
  server.close();
  if (inPage.error) throw new Error(`in the page: ${inPage.error}`);
  for (const [name, number] of Object.entries(inNode.numbers)) {
    const difference = Math.abs(inPage.numbers[name] - number) / Math.max(1e-3, Math.abs(number));
    if (!(difference < 1e-4)) throw new Error(`${name} is ${inPage.numbers[name]} in the page, ${number} in Node`);
  }
  console.log(`chromium, ${inPage.backend}: works, the same numbers`);
}
