// Weights from file to file: `npm run convert -- --help`.
import { FscClipError } from '@fsc-clip/core';
import { enableProdMode } from '@tensorflow/tfjs';
import { convert } from './convert.js';
import { readOptions, usage } from './options.js';

enableProdMode(); // without tfjs's advice to install tfjs-node
try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else await convert(options, (line) => console.log(line));
} catch (error) {
  if (!(error instanceof FscClipError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
