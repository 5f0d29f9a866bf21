import '@tensorflow/tfjs';
import { ready } from '@tensorflow/tfjs-core';
import { devices, formatDevices } from '../src/index.js';

// `npm run devices`: what this machine has.
await ready();
console.log(formatDevices(await devices()));
