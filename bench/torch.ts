import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const runFile = promisify(execFile);

/** What makes PyTorch run best on a CPU: fewer page faults. */
export const torchEnvironment = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '1000000000000',
  MALLOC_TOP_PAD_: '67108864',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};

/** How to get an interpreter with PyTorch, for the help of a bench. */
export const torchHelp = `PYTHON names an interpreter with torch and numpy. To make one:
  python3 -m venv .cache/torch && .cache/torch/bin/pip install torch==2.13.0 numpy
  PYTHON=.cache/torch/bin/python npm run bench -- …`;

/** The interpreter that `PYTHON` names, or python3; undefined, and said so, when it has no torch. */
export async function pythonWithTorch(): Promise<string | undefined> {
  const python = process.env['PYTHON'] ?? 'python3';
  try {
    await runFile(python, ['-c', 'import torch, numpy']);
    return python;
  } catch {
    console.error(`${python} has no torch and numpy.\n\n${torchHelp}`);
    process.exitCode = 2;
    return undefined;
  }
}
