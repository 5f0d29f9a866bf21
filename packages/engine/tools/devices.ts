import '@tensorflow/tfjs';
import { devices, formatDevices } from '../src/index.js';

// `npm run devices`: what this machine has.
console.log(formatDevices(await devices()));
