import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxruntimeFolder } from '../runtime/drivers/native/library.js';

/** The installed onnxruntime-node: its version, and the provider libraries beside its runtime (`libonnxruntime_providers_cuda.so` …). */
export function installedProviders(): { version: string; files: string[] } {
  const folder = onnxruntimeFolder();
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const names = readdirSync(join(folder, 'bin'), { recursive: true, encoding: 'utf8' });
  const here = join(process.platform, process.arch);
  const files = names
    .filter((name) => name.includes(here) && /onnxruntime_providers_\w+\.\w+$/.test(name))
    .map((name) => name.split(/[\\/]/).at(-1)!);
  return { version, files: files.toSorted() };
}
