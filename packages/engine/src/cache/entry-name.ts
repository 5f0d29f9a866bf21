import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import type { Precision } from '../precision/precision.js';
import type { SessionDevice } from '../runtime/protocol.js';

/** All that decides which program a function becomes. */
export interface ProgramIdentity {
  /** The user's word for what `fn` computes and captures. */
  readonly key: string;
  readonly fn: (...args: never[]) => unknown;
  readonly device: SessionDevice;
  readonly precision: Precision;
  readonly prepack: boolean;
  readonly donate: readonly number[];
  /** Trees, shapes and types of the arguments, by `describeArguments`. */
  readonly described: string;
}

/** The name of a program's entry: sha256, in hexadecimal digits. */
export function entryName({ key, fn, device, precision, prepack, donate, described }: ProgramIdentity): string {
  const positions = [...new Set(donate)].sort((a, b) => a - b);
  const parts = [key, String(fn), device, precision, prepack, positions, described, tfjsVersion, onnxruntimeVersion(), engineHash()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function onnxruntimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}

let hash: string | undefined;

/** A hash of this package's own code: a version would not change while somebody works on it. */
function engineHash(): string {
  if (hash !== undefined) return hash;
  const folder = new URL('../', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.[jt]s$/.test(file) && !file.includes('.test'),
  );
  const sum = createHash('sha256');
  for (const file of files.sort()) sum.update(`${file}\n`).update(readFileSync(fileURLToPath(new URL(file.replaceAll('\\', '/'), folder))));
  return (hash = sum.digest('hex'));
}
