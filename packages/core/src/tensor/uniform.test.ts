import '@tensorflow/tfjs';
import { engine, registerKernel, scalar, tensor1d, unregisterKernel, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../errors.js';
import { threefry2x32 } from '../random.js';
import { uniform, uniformKernel } from './uniform.js';

const key = (high: number, low: number) => tensor1d([high, low], 'int32');

describe('uniform', () => {
  it('takes word i mod 2 of Threefry at counter ⌊i / 2⌋, its upper 24 bits', () => {
    const words = [threefry2x32([1, 2], [0, 0]), threefry2x32([1, 2], [0, 1])].flat();
    expect([...uniform(key(1, 2), [3]).dataSync()]).toEqual(words.slice(0, 3).map((word) => (word >>> 8) / 2 ** 24));
  });

  it('reads the key’s words as unsigned', () => {
    expect(uniform(key(-1, -2), [1]).dataSync()[0]).toBe((threefry2x32([0xffffffff, 0xfffffffe], [0, 0])[0] >>> 8) / 2 ** 24);
  });

  it('is uniform: mean 1/2, variance 1/12, all in [0, 1)', () => {
    const draws = [...uniform(key(0, 7), [100, 100]).dataSync()];
    const mean = draws.reduce((total, draw) => total + draw, 0) / draws.length;
    const variance = draws.reduce((total, draw) => total + (draw - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(1 / 2, 2); // standard error 0.003
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });

  it('draws scalars and empty shapes', () => {
    expect(uniform(key(0, 1), []).shape).toEqual([]);
    expect(uniform(key(0, 1), [0, 2]).shape).toEqual([0, 2]);
  });

  it('leaves the draw to a backend that has the kernel', () => {
    const drawn = zeros([2]);
    registerKernel({
      kernelName: uniformKernel,
      backendName: 'cpu',
      kernelFunc: () => ({ dataId: drawn.dataId, shape: [2], dtype: 'float32' }),
    });
    expect([...uniform(key(0, 1), [2]).dataSync()]).toEqual([0, 0]);
    unregisterKernel(uniformKernel, 'cpu');
    expect(engine().backendName).toBe('cpu');
  });

  it('refuses a key of another shape or type', () => {
    expect(() => uniform(tensor1d([1, 2]), [1])).toThrow('uniform: `key` must be int32 [2], got float32 [2]');
    expect(() => uniform(scalar(1, 'int32') as never, [1])).toThrow(ShapeError);
  });
});
