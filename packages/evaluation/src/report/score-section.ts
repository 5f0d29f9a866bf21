import { direction, percent, plusMinus, signed } from './format-score.js';
import { type Markup, markup } from './markup.js';
import { type Styles, swatch } from './methods.js';
import type { ScoreCell, ScoreTable } from './report-data.js';

const arrows = { 1: '▲', 0: '', [-1]: '▼' } as const;
const moods = { 1: 'up', 0: 'same', [-1]: 'down' } as const;

/** The table of methods by metrics, with what a blind model and chance reach below. */
export function scoreSection({ metrics, rows, comparedWith }: ScoreTable, styles: Styles): Markup {
  const best = new Map(
    metrics.map(({ key }) => [key, Math.max(...rows.map(({ scores }) => scores[key]?.value ?? Number.NaN).filter(Number.isFinite))]),
  );
  const cell = (key: string, score: ScoreCell | undefined) => {
    if (!score || !Number.isFinite(score.value)) return markup`<td class="number">–</td>`;
    return markup`<td class="number"><span class="${score.value === best.get(key) ? 'best' : 'value'}">${percent(score.value)}</span><small>${plusMinus(score)}</small>${
      score.difference && difference(score.difference)
    }</td>`;
  };
  const hasTextOnly = metrics.some(({ textOnly }) => textOnly);
  const hasChance = metrics.some(({ chance }) => chance !== undefined);
  const compared =
    comparedWith === undefined
      ? ''
      : ` Below each: the difference from ${comparedWith} and its error over the same items; ▲ ▼ where it is more than two errors.`;
  return markup`<section aria-labelledby="scores"><h2 id="scores">Scores</h2>
<p class="quiet">Per cent ± one standard error. Bold: the highest of the column.${compared}</p>
<div class="scroll"><table class="scores">
<thead><tr><th scope="col">Method</th>${metrics.map(({ label }) => markup`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({
      method,
      scores,
    }) => markup`<tr><th scope="row">${swatch(styles(method))}${method}</th>${metrics.map(({ key }) => cell(key, scores[key]))}</tr>
`,
  )}</tbody>
<tfoot>${
    hasTextOnly &&
    markup`<tr><th scope="row">Text only, no image</th>${metrics.map(({ textOnly }) =>
      textOnly ? markup`<td class="number">${percent(textOnly.value)}<small>${plusMinus(textOnly)}</small></td>` : markup`<td></td>`,
    )}</tr>`
  }${
    hasChance &&
    markup`<tr><th scope="row">Chance</th>${metrics.map(({ chance }) => markup`<td class="number">${chance !== undefined && percent(chance)}</td>`)}</tr>`
  }</tfoot>
</table></div></section>`;
}

function difference(score: ScoreCell): Markup {
  const way = direction(score);
  return markup`<span class="difference ${moods[way]}">${arrows[way]} ${signed(score.value)}<small>${plusMinus(score)}</small></span>`;
}
