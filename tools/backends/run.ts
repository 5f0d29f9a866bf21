// Computes all cases on one backend and sends the numbers to the process that forked it: one process per backend, since tfjs-node
// takes the place of tfjs's own backends.
import '@tensorflow/tfjs'; // registers gradients
import { type BackendName, backends } from './backends.js';
import { lossCases, stepCases } from './cases.js';

const { device, load } = backends[process.argv[2] as BackendName];
await load();
for (const [name, compute] of Object.entries({ ...lossCases, ...stepCases })) {
  const outcome = await compute(device).then(
    (numbers) => ({ name, numbers }),
    (error) => ({ name, error: String(error) }),
  );
  await new Promise((sent) => process.send!(outcome, sent));
}
process.disconnect!();
