import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const names: Partial<Record<NodeJS.Platform, string>> = { win32: 'onnxruntime.dll', darwin: 'libonnxruntime.1.dylib' };

/** The folder of the installed onnxruntime-node. */
export function onnxruntimeFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..');
}

/** The library of onnxruntime-node that does the work, for this platform. */
export function onnxruntimeLibrary(): string {
  const name = names[process.platform] ?? 'libonnxruntime.so.1';
  return join(onnxruntimeFolder(), 'bin', 'napi-v6', process.platform, process.arch, name);
}
