import { type Markup, markup } from './markup.js';
import { type Styles, swatch } from './methods.js';
import type { CurveChart, CurveSeries } from './report-data.js';
import { axis } from './ticks.js';

const [width, height] = [520, 300];
const edge = { left: 56, right: 16, top: 12, bottom: 44 };

/** Learning curves, one chart each, under one legend. */
export function curveSection(charts: readonly CurveChart[], styles: Styles): Markup {
  const methods = new Set(charts.flatMap(({ series }) => series.map(({ method }) => method)));
  return markup`<section aria-labelledby="curves"><h2 id="curves">Learning curves</h2>
<ul class="legend">${[...methods].map((method) => markup`<li>${swatch(styles(method))}${method}</li>`)}</ul>
<div class="charts">${charts.map((chart) => curveChart(chart, styles))}</div></section>`;
}

function curveChart({ title, xLabel, yLabel, series }: CurveChart, styles: Styles): Markup {
  const x = axis(series.flatMap(({ x }) => Array.from(x)));
  const y = axis(series.flatMap(({ y }) => Array.from(y)));
  const across = (value: number) => round(edge.left + ((value - x.low) / (x.high - x.low)) * (width - edge.left - edge.right));
  const up = (value: number) => round(height - edge.bottom - ((value - y.low) / (y.high - y.low)) * (height - edge.top - edge.bottom));
  const middle = round((edge.left + width - edge.right) / 2);
  const ends = series.map((line) => `${line.method} ends at ${lastFinite(line.y)?.toPrecision(3) ?? 'nothing'}`).join(', ');
  return markup`<figure><figcaption>${title}</figcaption>
<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: ${yLabel} over ${xLabel}. ${ends}.">
<g class="grid">${y.ticks.map(
    (tick) =>
      markup`<path d="M${edge.left} ${up(tick)}H${width - edge.right}"/><text x="${edge.left - 8}" y="${up(tick) + 4}" text-anchor="end">${y.label(tick)}</text>`,
  )}${x.ticks.map((tick) => markup`<text x="${across(tick)}" y="${height - edge.bottom + 18}" text-anchor="middle">${x.label(tick)}</text>`)}</g>
<path class="axis" d="M${edge.left} ${height - edge.bottom}H${width - edge.right}"/>
<text class="axis-label" x="${middle}" y="${height - 6}" text-anchor="middle">${xLabel}</text>
<text class="axis-label" x="14" y="${round((edge.top + height - edge.bottom) / 2)}" text-anchor="middle" transform="rotate(-90 14 ${round((edge.top + height - edge.bottom) / 2)})">${yLabel}</text>
${series.map((line) => curve(line, styles, across, up))}
</svg></figure>`;
}

function curve({ method, x, y }: CurveSeries, styles: Styles, across: (x: number) => number, up: (y: number) => number): Markup {
  const { className, dash, marker } = styles(method);
  let path = '';
  let broken = true;
  const points: [number, number][] = [];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) {
      broken = true;
      continue;
    }
    points.push([across(x[i]!), up(y[i]!)]);
    path += `${broken ? 'M' : 'L'}${points.at(-1)!.join(' ')}`;
    broken = false;
  }
  const every = Math.max(1, Math.ceil(points.length / 6));
  const marked = points.filter((_, i) => (points.length - 1 - i) % every === 0);
  return markup`<g class="${className}"><title>${method}</title><path class="line" d="${path}" stroke-dasharray="${dash}"/>${marked.map(
    ([left, top]) => markup`<path class="marker" transform="translate(${left} ${top})" d="${marker}"/>`,
  )}</g>
`;
}

function lastFinite(values: ArrayLike<number>): number | undefined {
  return Array.from(values).findLast(Number.isFinite);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
