import { percent, plusMinus, signed } from './report/format-score.js';
import type { ScoreTable } from './report/report-data.js';
import type { Score } from './scores/score.js';

/**
 * A score table as aligned lines of text for a terminal: percentages with standard errors, and below each the difference from the
 * compared method where there is one. The same table that `writeReport` draws.
 *
 * @returns lines joined by line feeds, without one at the end
 * @example
 * console.log(formatTable({ metrics: [{ key: 'group', label: 'group', chance: 1 / 6 }], rows: [{ method: 'CLIP', scores }] }));
 */
export function formatTable({ metrics, rows, comparedWith }: ScoreTable): string {
  const withError = (score: Score | undefined) => (score ? `${percent(score.value)}${plusMinus(score)}` : '–');
  const lines: string[][] = [['', ...metrics.map(({ label }) => label)]];
  for (const { method, scores } of rows) {
    const cells = metrics.map(({ key }) => scores[key]);
    lines.push([method, ...cells.map(withError)]);
    if (cells.some((cell) => cell?.difference)) {
      lines.push([
        comparedWith === undefined ? '  difference' : `  against ${comparedWith}`,
        ...cells.map((cell) => (cell?.difference ? `${signed(cell.difference.value)}${plusMinus(cell.difference)}` : '')),
      ]);
    }
  }
  if (metrics.some(({ textOnly }) => textOnly)) {
    lines.push(['text only', ...metrics.map(({ textOnly }) => (textOnly ? withError(textOnly) : ''))]);
  }
  if (metrics.some(({ chance }) => chance !== undefined)) {
    lines.push(['chance', ...metrics.map(({ chance }) => (chance === undefined ? '' : percent(chance)))]);
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => [...line[column]!].length)));
  const pad = (cell: string, column: number) => {
    const blanks = ' '.repeat(widths[column]! - [...cell].length);
    return column === 0 ? cell + blanks : blanks + cell;
  };
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
