import { percent, plusMinus, signed } from './report/format-score.js';
import type { ScoreTable } from './report/report-data.js';
import type { Score } from './scores/score.js';

/**
 * A score table as aligned lines of text for a terminal: percentages with standard errors, and below each the difference from the
 * compared method where there is one; long labels are broken over lines. The same table that `writeReport` draws.
 *
 * @returns lines joined by line feeds, without one at the end
 * @example
 * console.log(formatTable({ metrics: [{ key: 'group', label: 'group', chance: 1 / 6 }], rows: [{ method: 'CLIP', scores }] }));
 */
export function formatTable({ metrics, rows, comparedWith }: ScoreTable): string {
  const withError = (score: Score | undefined) => (score ? `${percent(score.value)}${plusMinus(score)}` : '–');
  const lines: string[][] = [];
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
  const widths = ['', ...metrics.map(({ label }) => label)].map((label, column) =>
    Math.max(...lines.map((line) => size(line[column]!)), ...label.split(' ').map(size)),
  );
  const labels = metrics.map(({ label }, i) => wrap(label, widths[i + 1]!));
  const height = Math.max(0, ...labels.map((label) => label.length));
  const head = Array.from({ length: height }, (_, row) => ['', ...labels.map((label) => label[row - height + label.length] ?? '')]);
  const pad = (cell: string, column: number) => {
    const blanks = ' '.repeat(widths[column]! - size(cell));
    return column === 0 ? cell + blanks : blanks + cell;
  };
  return [...head, ...lines].map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

function size(text: string): number {
  return [...text].length;
}

/** Words on as few lines as fit the width. */
function wrap(label: string, width: number): string[] {
  const [first = '', ...words] = label.split(' ');
  const lines = [first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (size(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
