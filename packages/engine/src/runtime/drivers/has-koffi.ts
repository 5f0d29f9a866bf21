import { createRequire } from 'node:module';

/** Whether koffi is installed, by which state stays on a CUDA device. */
export function hasKoffi(): boolean {
  try {
    createRequire(import.meta.url).resolve('koffi');
    return true;
  } catch {
    return false;
  }
}
