import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

// A copy of onnxruntime-node with and without the provider libraries that tools/get-cuda-provider.sh brings. Needs PyPI, and no GPU.

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'cuda-provider-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What onnxruntime says when it is asked for CUDA; the model is no model, so something is always said. */
function askForCuda(): string {
  const program = `require('./package').InferenceSession.create(new Uint8Array(1), { executionProviders: ['cuda'] }).catch((e) => console.error(e.message))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' });
  return stdout + stderr;
}

it('get-cuda-provider.sh: onnxruntime asks for the provider before, and for CUDA at most after', () => {
  const installed = join(root, 'node_modules', 'onnxruntime-node');
  const copied = ['package.json', 'dist', 'bin/napi-v6/linux/x64/libonnxruntime.so.1', 'bin/napi-v6/linux/x64/onnxruntime_binding.node'];
  for (const path of copied) {
    mkdirSync(dirname(join(folder, 'package', path)), { recursive: true });
    cpSync(join(installed, path), join(folder, 'package', path), { recursive: true });
  }
  const providerMissing = /libonnxruntime_providers_\w+\.so: cannot open shared object file/;
  expect(askForCuda()).toMatch(providerMissing);
  const get = () => execFileSync(join(root, 'tools', 'get-cuda-provider.sh'), [join(folder, 'package')], { encoding: 'utf8' });
  expect(get()).toMatch(/^The CUDA provider of onnxruntime \d+\.\d+\.\d+ is in /);
  const after = askForCuda();
  expect(after).not.toMatch(providerMissing);
  expect(after).toMatch(/lib(cu|nv)\w+\.so[.\d]*: cannot open shared object file|protobuf|CUDA/);
});
