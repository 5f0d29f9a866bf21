import type { MemoryEstimate } from './memory.js';

const meanings: Readonly<Record<'arguments' | 'constants' | 'results' | 'activations', string>> = {
  arguments: 'arguments, with room for the gradients of state that is updated in place',
  constants: 'captured tensors, as the session keeps them',
  results: 'results that take no argument’s place',
  activations: 'for what is made inside',
};

/** The parts of an estimate and their sum, one a line. */
export function memoryTable(parts: Pick<MemoryEstimate, keyof typeof meanings>): string {
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  const rows = Object.entries(meanings).map(([name, meaning]) => [parts[name as keyof typeof meanings], meaning] as const);
  const cells = [
    ['MB', 'share', ''],
    ...rows.map(([bytes, meaning]) => [megabytes(bytes), `${((bytes / (total || 1)) * 100).toFixed(1)} %`, meaning]),
    [megabytes(total), '', 'together'],
  ];
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: string[]) => row.map((cell, column) => (column < 2 ? cell.padStart(widths[column]!) : cell)).join('  ');
  return cells.map((row) => line(row).trimEnd()).join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
