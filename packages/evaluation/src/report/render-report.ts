import { alignmentSection } from './alignment-section.js';
import { curveSection } from './curve-section.js';
import { hardCaseSection } from './hard-case-section.js';
import { headline } from './headline.js';
import { type Markup, markup, toText } from './markup.js';
import { methodStyles } from './methods.js';
import type { ReportData } from './report-data.js';
import { scoreSection } from './score-section.js';
import { style } from './style.js';

/** A browser that reads the page asks nobody for anything and runs nothing, whatever the texts hold. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/**
 * The page of a report: well-formed, self-contained HTML without scripts.
 *
 * @throws ShapeError when an image does not hold three bytes per pixel
 * @throws DataError when an alignment map's weights are no square grid
 */
export function renderReport(data: ReportData): string {
  const { title, lead, settings, curves = [], scores, hardCases = [], alignmentMaps = [], notes = [] } = data;
  const styles = methodStyles(data);
  return `<!doctype html>\n${toText(markup`<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/><title>${title}</title><style>${style}</style></head>
<body><main><header><h1>${title}</h1>${lead !== undefined && markup`<p class="lead">${lead}</p>`}
<dl class="settings">${Object.entries(settings).map(([name, value]) => markup`<div><dt>${name}</dt><dd>${String(value)}</dd></div>`)}</dl></header>
${headline(scores, styles)}
${scoreSection(scores, styles)}
${notes.length > 0 && noteSection(notes)}
${curves.length > 0 && curveSection(curves, styles)}
${hardCases.length > 0 && hardCaseSection(hardCases, styles)}
${alignmentMaps.length > 0 && alignmentSection(alignmentMaps)}
</main></body></html>
`)}`;
}

function noteSection(notes: readonly string[]): Markup {
  return markup`<section aria-labelledby="notes"><h2 id="notes">Read with care</h2><ul class="notes">${notes.map((note) => markup`<li>${note}</li>`)}</ul></section>`;
}
