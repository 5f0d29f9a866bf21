import { createRequire } from 'node:module';

/** Where packages are looked for: the project's node_modules, then what `tools/build-tfjs-node.sh` built. */
const places = ['../..', '../../.cache/tfjs-node'].map((place) => new URL(`${place}/`, import.meta.url));

const needs: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs-node': '`npm i @tensorflow/tfjs-node`, or here `tools/build-tfjs-node.sh`; Node below 23',
  '@tensorflow/tfjs-node-gpu': '`npm i @tensorflow/tfjs-node-gpu`, an NVIDIA GPU, CUDA 11.2 with cuDNN 8.1 and Node below 23',
};

/** Loads a package that brings tfjs a backend. In a program of one's own this is a plain import. */
export function loadTfjs(name: string): void {
  const reasons: string[] = [];
  for (const place of places) {
    try {
      createRequire(place)(name);
      return;
    } catch (error) {
      reasons.push((error as Error).message.split('\n')[0]!);
    }
  }
  const hint = needs[name] === undefined ? '' : ` It needs ${needs[name]}.`;
  throw new Error(`${name} cannot be loaded.${hint}\n${[...new Set(reasons)].join('\n')}`);
}
