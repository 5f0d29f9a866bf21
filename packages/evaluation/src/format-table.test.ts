import { expect, test } from 'vitest';
import { formatTable } from './index.js';

test('aligned columns, broken labels, errors, differences, what a blind model and chance reach', () => {
  const table = formatTable({
    metrics: [
      { key: 'group', label: 'group score', chance: 1 / 6 },
      { key: 'pairs', label: 'caption against foil', chance: 0.5, textOnly: { value: 0.561, standardError: 0.02 } },
    ],
    rows: [
      { method: 'CLIP', scores: { group: { value: 0.0825, standardError: 0.0144 } } },
      {
        method: 'FSC-CLIP',
        scores: {
          group: { value: 0.428, standardError: Number.NaN, difference: { value: 0.3455, standardError: 0.028 } },
          pairs: { value: 1, standardError: 0, difference: { value: -0.002, standardError: 0.01 } },
        },
      },
    ],
    comparedWith: 'CLIP',
  });
  expect(table.split('\n')).toEqual([
    '                                 caption',
    '                                 against',
    '                group score         foil',
    'CLIP              8.3 ± 1.4            –',
    'FSC-CLIP               42.8  100.0 ± 0.0',
    '  against CLIP  +34.5 ± 2.8   −0.2 ± 1.0',
    'text only                     56.1 ± 2.0',
    'chance                 16.7         50.0',
  ]);
});

test('a table of names alone', () => {
  expect(formatTable({ metrics: [], rows: [{ method: 'CLIP', scores: {} }] })).toBe('CLIP');
});
