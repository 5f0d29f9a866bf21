import { type ComparedWord, differingWords } from './differing-words.js';
import { type Markup, markup } from './markup.js';
import type { Styles } from './methods.js';
import { pngAddress } from './png.js';
import type { HardCase } from './report-data.js';

/** Images with caption and foil, and both scores of every method. */
export function hardCaseSection(cases: readonly HardCase[], styles: Styles): Markup {
  return markup`<section aria-labelledby="hard-cases"><h2 id="hard-cases">Hard cases</h2>
<p class="quiet">Filled mark: cosine with the caption. Open mark: with the foil. Right (✓) when the caption’s is higher. Each card has its own scale; words that differ are underlined.</p>
<div class="cases">${cases.map((item) => card(item, styles))}</div></section>`;
}

function card({ image, caption, foil, kind, scores }: HardCase, styles: Styles): Markup {
  const values = scores.flatMap((score) => [score.caption, score.foil]).filter(Number.isFinite);
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const at = (value: number) => Math.round((8 + ((value - low) / range) * 104) * 10) / 10;
  const [captionWords, foilWords] = differingWords(caption, foil);
  return markup`<article class="case">
<img src="${pngAddress(image)}" width="${image.width}" height="${image.height}" alt="${caption}"/>
<div class="texts"><p><span class="tag">caption</span> ${words(captionWords)}</p><p><span class="tag">foil</span> ${words(foilWords)}</p>${
    kind !== undefined && markup`<p class="quiet">${kind}</p>`
  }</div>
<table><thead class="hidden"><tr><th>Method</th><th>Marks</th><th>Caption</th><th>Foil</th><th>Verdict</th></tr></thead><tbody>${scores.map(
    (score) => {
      const right = score.caption > score.foil;
      const { className, marker } = styles(score.method);
      const drawn = Number.isFinite(score.caption) && Number.isFinite(score.foil);
      return markup`<tr class="${className}"><th scope="row">${score.method}</th><td><svg width="120" height="16" viewBox="0 0 120 16" aria-hidden="true"><path class="rail" d="M4 8H116"/>${
        drawn &&
        markup`<path class="line" d="M${at(score.foil)} 8H${at(score.caption)}"/><path class="marker open" transform="translate(${at(score.foil)} 8)" d="${marker}"/><path class="marker" transform="translate(${at(score.caption)} 8)" d="${marker}"/>`
      }</svg></td><td class="number">${cosine(score.caption)}</td><td class="number">${cosine(score.foil)}</td><td class="${right ? 'right' : 'wrong'}">${right ? markup`✓<span class="hidden"> right</span>` : markup`✗<span class="hidden"> wrong</span>`}</td></tr>
`;
    },
  )}</tbody></table></article>
`;
}

function words(compared: readonly ComparedWord[]): Markup {
  return markup`${compared.map(({ word, differs }) => (differs ? markup`<u>${word}</u> ` : `${word} `))}`;
}

function cosine(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3).replace('-', '−') : '–';
}
