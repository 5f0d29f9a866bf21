import type { ProfileRow } from './profile.js';

const shownRows = 12;

/** The costliest kernels, scopes and lines of a run, side by side with their share. */
export function profileTable(
  runMs: number,
  { byKernel, byScope, byLine }: Record<'byKernel' | 'byScope' | 'byLine', readonly ProfileRow[]>,
): string {
  return [`run ${runMs.toFixed(2)} ms`, section('kernel', byKernel), section('scope', byScope), section('line', byLine)].join('\n\n');
}

function section(title: string, rows: readonly ProfileRow[]): string {
  const shown = rows
    .slice(0, shownRows)
    .map(({ ms, share, nodes, name }) => [ms.toFixed(3), `${(share * 100).toFixed(1)} %`, `${nodes}`, name]);
  const hidden = rows.slice(shownRows);
  if (hidden.length > 0) {
    const sum = (of: (row: ProfileRow) => number) => hidden.reduce((total, row) => total + of(row), 0);
    shown.push([
      sum(({ ms }) => ms).toFixed(3),
      `${(sum(({ share }) => share) * 100).toFixed(1)} %`,
      `${sum(({ nodes }) => nodes)}`,
      `(${hidden.length} more)`,
    ]);
  }
  const cells = [['ms', 'share', 'nodes', title], ...shown];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => row.map((cell, column) => (column < 3 ? cell.padStart(widths[column]!) : cell)).join('  ')).join('\n');
}
