import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operationsTable, tableFile } from '../tools/operations-table.js';

it('docs/operations.md is what the rules, their cases and the gradients say', () => {
  expect(readFileSync(tableFile, 'utf8'), 'run npx tsx --conditions=source packages/engine/tools/operations-table.ts').toBe(
    operationsTable(),
  );
});
