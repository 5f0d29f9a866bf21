import { rename, rm, writeFile } from 'node:fs/promises';
import { renderReport } from './render-report.js';
import type { ReportData } from './report-data.js';

/**
 * Writes a report as one HTML file that needs nothing else: pictures are inside it, charts are SVG, it has no script and asks the
 * network for nothing. Light and dark, readable without colours, all text escaped. Written beside `path` and then renamed, so that
 * a reader never sees half a report.
 *
 * It shows, in this order: title and settings, headline scores with errors, the table, notes, learning curves, hard cases, alignment maps.
 *
 * @throws ShapeError when an image does not hold three bytes per pixel
 * @throws DataError when an alignment map's weights are no square grid
 * @example
 * await writeReport('report.html', {
 *   title: 'Emoji scenes',
 *   settings: { seeds: 3, steps: 400 },
 *   scores: {
 *     metrics: [{ key: 'group', label: 'Group score', chance: 1 / 6, headline: true }],
 *     rows: [{ method: 'FSC-CLIP', scores: { group: groupScore(scores).group } }],
 *   },
 * });
 */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  const page = renderReport(data);
  const beside = `${path}.${process.pid}.partial`;
  try {
    await writeFile(beside, page);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
