import { percent, plusMinus } from './format-score.js';
import { type Markup, markup } from './markup.js';
import type { Styles } from './methods.js';
import type { Metric, ScoreTable } from './report-data.js';

/** The headline metrics as bars with standard errors and a line at chance. */
export function headline({ metrics, rows }: ScoreTable, styles: Styles): Markup | undefined {
  const shown = metrics.filter((metric) => metric.headline);
  if (shown.length === 0) return undefined;
  const chart = (metric: Metric) => {
    const bars = rows.flatMap(({ method, scores }) => {
      const score = scores[metric.key];
      return score && Number.isFinite(score.value) ? [{ method, score }] : [];
    });
    const full = Math.min(
      1,
      Math.max(0.05, metric.chance ?? 0, ...bars.map(({ score }) => score.value + (score.standardError || 0))) * 1.08,
    );
    const at = (fraction: number) => `${((Math.min(Math.max(fraction, 0), full) / full) * 100).toFixed(2)}%`;
    return markup`<figure class="bars">
<figcaption>${metric.label}${metric.chance !== undefined && markup` <span class="quiet">chance ${percent(metric.chance)}</span>`}</figcaption>
<ul>${bars.map(
      ({ method, score }) => markup`<li class="${styles(method).className}"><span class="name">${method}</span><span class="track">
<span class="bar" style="width:${at(score.value)}"></span>${
        Number.isFinite(score.standardError) &&
        markup`<span class="whisker" style="left:${at(score.value - score.standardError)};right:calc(100% - ${at(score.value + score.standardError)})"></span>`
      }${metric.chance !== undefined && markup`<span class="chance" style="left:${at(metric.chance)}"></span>`}
</span><span class="number"><b>${percent(score.value)}</b><small>${plusMinus(score)}</small></span></li>
`,
    )}</ul>
</figure>`;
  };
  return markup`<section aria-label="Headline"><div class="headline">${shown.map(chart)}</div></section>`;
}
