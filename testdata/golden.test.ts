import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goldenDir } from './index.js';

// Each area has a test in the package that it belongs to (`describeGolden`); one that nobody reads must not pass for tested.
const known = ['checkpoints', 'distributed', 'evaluation', 'images', 'losses', 'models', 'tokenizer', 'training', 'wiseft'];

it('the golden set lists areas, all of them known', () => {
  const { areas } = JSON.parse(readFileSync(join(goldenDir, 'index.json'), 'utf8')) as { areas: string[] };
  expect(areas.length).toBeGreaterThan(0);
  expect(areas.filter((area) => !known.includes(area))).toEqual([]);
});
