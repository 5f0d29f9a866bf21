import { DataError } from '@fsc-clip/core';
import { type Markup, markup } from './markup.js';
import { pngAddress } from './png.js';
import type { AlignmentMap } from './report-data.js';

/**
 * Alignment maps: per word the image under a veil that is lifted in proportion to the patch's weight, relative to the word's highest.
 * A veil keeps the image's own colours, which a tinted heat map would not; a frame marks the patches with at least half the highest weight.
 */
export function alignmentSection(maps: readonly AlignmentMap[]): Markup {
  return markup`<section aria-labelledby="alignment"><h2 id="alignment">Alignment maps</h2>
<p class="quiet">Which patches each word looks at: bright where its weight is near the word’s highest, dark where it is zero, framed from half the highest on.</p>
${maps.map(alignmentMap)}</section>`;
}

function alignmentMap({ image, method, words }: AlignmentMap, index: number): Markup {
  const caption = words.map(({ word }) => word).join(' ');
  const [height, width] = image.shape as [number, number, number];
  const id = `picture-${index}`;
  return markup`<div class="alignment">
<figure class="whole"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${caption}"><defs><image id="${id}" href="${pngAddress(image)}" width="${width}" height="${height}"/></defs><use href="#${id}"/></svg><figcaption>${caption}${method !== undefined && markup` <span class="quiet">${method}</span>`}</figcaption></figure>
<div class="words">${words.map(
    ({
      word,
      weights,
    }) => markup`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${describe(word, weights)}"><use href="#${id}"/>${veil(weights, width, height)}</svg><figcaption>${word}</figcaption></figure>
`,
  )}</div></div>
`;
}

function veil(weights: Float32Array, width: number, height: number): Markup {
  const side = gridSide(weights);
  const highest = Math.max(...weights);
  const patches = Array.from(weights, (weight, patch) => ({
    strength: highest > 0 && weight > 0 ? weight / highest : 0,
    x: round(((patch % side) * width) / side),
    y: round((Math.floor(patch / side) * height) / side),
  }));
  const [w, h] = [round(width / side), round(height / side)];
  const line = Math.min(w, h) * 0.07;
  return markup`<g class="veil">${patches.map(
    ({ strength, x, y }) => markup`<rect x="${x}" y="${y}" width="${w}" height="${h}" opacity="${round((1 - strength) * 0.84)}"/>`,
  )}</g><g class="frame" stroke-width="${round(line)}">${patches
    .filter(({ strength }) => strength >= 0.5)
    .map(
      ({ x, y }) =>
        markup`<rect x="${round(x + line / 2)}" y="${round(y + line / 2)}" width="${round(w - line)}" height="${round(h - line)}"/>`,
    )}</g>`;
}

function describe(word: string, weights: Float32Array): string {
  const side = gridSide(weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const strongest = weights.indexOf(Math.max(...weights));
  if (!(total > 0)) return `${word}: looks at no patch`;
  const share = Math.round((weights[strongest]! / total) * 100);
  return `${word}: strongest in row ${Math.floor(strongest / side) + 1}, column ${(strongest % side) + 1} of ${side}, ${share}% of the weight`;
}

function gridSide(weights: Float32Array): number {
  const side = Math.sqrt(weights.length);
  if (Number.isInteger(side) && side > 0) return side;
  throw new DataError({
    function: 'writeReport',
    argument: 'alignmentMaps',
    rule: 'must hold weights over a square grid of patches',
    got: `${weights.length} weights`,
  });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
