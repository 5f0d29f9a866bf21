/**
 * Writes `src/pixel-kernels-data.ts`: `src/pixel-kernels.wat`, assembled. A test tells when it has to be run again, from the repository
 * root: `npx tsx packages/data/tools/make-pixel-kernels.ts`
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../src/pixel-kernels.wat', import.meta.url);
const target = new URL('../src/pixel-kernels-data.ts', import.meta.url);

const module = (await wabt()).parseWat('pixel-kernels.wat', readFileSync(source, 'utf8'), { simd: true });
const lines = Buffer.from(module.toBinary({}).buffer)
  .toString('base64')
  .replace(/.{1,120}/g, '$&\n');
const partial = new URL('pixel-kernels-data.ts.partial', target);
writeFileSync(
  partial,
  `// Made by tools/make-pixel-kernels.ts. Do not edit.

/** The WebAssembly module of pixel-kernels.wat in base64. */
export const pixelKernels: string = \`
${lines}\`;
`,
);
renameSync(partial, target);
