import { describe, expect, it } from 'vitest';
import { createKey, foldIn, randomStream, threefry2x32 } from './random.js';

describe('threefry2x32', () => {
  it('equals the published vectors of Random123', () => {
    const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
    expect(hex(threefry2x32([0, 0], [0, 0]))).toBe('6b200159 99ba4efe');
    expect(hex(threefry2x32([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]))).toBe('1cb996fc bb002be7');
    expect(hex(threefry2x32([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]))).toBe('c4923a9c 483df7a0');
  });
});

describe('foldIn', () => {
  it('gives independent keys for numbers and strings, and the same key for the same data', () => {
    const root = createKey(7);
    const keys = [foldIn(root, 1), foldIn(root, 2), foldIn(root, '1'), foldIn(root, 'swap'), foldIn(root, 1, 2), foldIn(root, 2, 1)];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
    expect(foldIn(root, 1, 'swap')).toEqual(foldIn(foldIn(root, 1), 'swap'));
  });

  it('refuses seeds that are no integers', () => {
    expect(() => createKey(-1)).toThrow('createKey: `seed` must be an integer in [0, 2^53), got -1');
    expect(() => createKey(0.5)).toThrow('got 0.5');
  });
});

describe('randomStream', () => {
  const stream = () => randomStream(createKey(3));

  it('repeats itself and is uniform', () => {
    const draw = () => {
      const random = stream();
      return Array.from({ length: 4000 }, () => random.uniform());
    };
    const draws = draw();
    expect(draw()).toEqual(draws);
    expect(draws.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(draws.reduce((sum, x) => sum + x, 0) / draws.length).toBeCloseTo(0.5, 1);
  });

  it('draws integers, items, weights and permutations within their bounds', () => {
    const random = stream();
    const counts = [0, 0, 0];
    for (let i = 0; i < 3000; i++) counts[random.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect([...random.shuffle([1, 2, 3, 4, 5])].sort()).toEqual([1, 2, 3, 4, 5]);
    expect(random.weighted([0, 3, 0])).toBe(1);
    expect(['a', 'b']).toContain(random.choice(['a', 'b']));
    expect(() => random.choice([])).toThrow('must hold at least one item');
    expect(() => random.weighted([0])).toThrow('positive sum');
    expect(() => random.integer(0)).toThrow('must be an integer in [1, 2^32]');
  });

  it('draws normal numbers with mean 0 and variance 1', () => {
    const random = stream();
    const draws = Array.from({ length: 20000 }, () => random.normal());
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length - 1)).toBeLessThan(0.04);
  });
});
