import { describe, expect, it, vi } from 'vitest';
import type { Signature } from './program-cache.js';
import { announceRecompile, whatChanged } from './recompile.js';

const leaf = (path: string, shape: number[], dtype: Signature[number]['dtype'] = 'float32') => ({ path, dtype, shape });

describe('a recompilation', () => {
  const images = leaf('arguments[1].images', [8, 3, 32, 32]);
  const texts = leaf('arguments[1].texts', [8, 77], 'int32');

  it('is explained by the nearest signature before', () => {
    const far = [leaf('arguments[1].images', [4, 3, 32, 32]), leaf('arguments[1].texts', [4, 77], 'int32')];
    const near = [images, leaf('arguments[1].texts', [8, 16], 'int32')];
    expect(whatChanged([images, texts], [far, near])).toBe('arguments[1].texts was int32 [8, 16], now int32 [8, 77]');
    expect(whatChanged([images, { ...texts, dtype: 'bool' }], [[images, texts]])).toContain('was int32 [8, 77], now bool [8, 77]');
    expect(whatChanged([images], [[texts]])).toBe('arguments[1].images is new; arguments[1].texts is gone');
    expect(whatChanged([images], [[images]])).toContain('a boolean, null or the order of names');
    const many = Array.from({ length: 6 }, (_, i) => leaf(`arguments[0].w${i}`, [1]));
    expect(whatChanged(many, [[]])).toMatch(/w3 is new; and 2 more$/);
  });

  it('is counted in words', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    for (const count of [2, 3, 11, 21]) announceRecompile('step', count, [images], [[texts]], 8);
    expect(warn.mock.calls.map(([text]) => String(text).match(/\w+ time/)?.[0])).toEqual([
      '2nd time',
      '3rd time',
      '11th time',
      '21st time',
    ]);
    expect(warn.mock.calls[0]![1]).toEqual({ type: 'FscClipRecompile' });
    warn.mockRestore();
  });
});
