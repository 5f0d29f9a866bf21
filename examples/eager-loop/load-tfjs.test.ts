import { expect, it } from 'vitest';
import { loadTfjs } from './load-tfjs.js';

it('says what a package needs that is not there', () => {
  expect(() => loadTfjs('@tensorflow/tfjs-node-gpu')).toThrow('It needs `npm i @tensorflow/tfjs-node-gpu`, an NVIDIA GPU, CUDA 11.2');
  expect(() => loadTfjs('@tensorflow/none')).toThrow("@tensorflow/none cannot be loaded.\nCannot find module '@tensorflow/none'");
});
