import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

const gc = runInNewContext('gc') as () => void;

/** Collects this thread's garbage, so that what is resident is what is held. The second time waits for the buffers of the first. */
export function collect(): void {
  gc();
  gc();
}
