import { DataError } from '@fsc-clip/core';
import { type Markup, markup } from './markup.js';
import { pngAddress } from './png.js';
import type { AlignmentMap } from './report-data.js';

/**
 * Alignment maps: per word the image under a veil that is lifted in proportion to the patch's weight, relative to the word's highest.
 * A veil keeps the image's own colours, which a tinted heat map would not; a line is drawn around the patches with at least half the highest weight.
 */
export function alignmentSection(maps: readonly AlignmentMap[]): Markup {
  return markup`<section aria-labelledby="alignment"><h2 id="alignment">Alignment maps</h2>
<p class="quiet">Which patches each word looks at: bright where its weight is near the word’s highest, dark where it is zero; the line goes around patches from half the highest on.</p>
${maps.map(alignmentMap)}</section>`;
}

function alignmentMap({ image, method, words }: AlignmentMap, index: number): Markup {
  const caption = words.map(({ word }) => word).join(' ');
  const { width, height } = image;
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
  const strengths = Array.from(weights, (weight) => (highest > 0 && weight > 0 ? weight / highest : 0));
  const x = (column: number) => round((column * width) / side);
  const y = (row: number) => round((row * height) / side);
  const patch = (strength: number, at: number) =>
    markup`<rect x="${x(at % side)}" y="${y(Math.floor(at / side))}" width="${x(1)}" height="${y(1)}" opacity="${round((1 - strength) * 0.84)}"/>`;
  const stroke = round(Math.min(width, height) * 0.02);
  return markup`<g class="veil">${strengths.map(patch)}</g><path class="frame" stroke-width="${stroke}" d="${outline(strengths, side, x, y)}"/>`;
}

/** The edges between patches of at least half the highest weight and their weaker neighbours. */
function outline(strengths: readonly number[], side: number, x: (column: number) => number, y: (row: number) => number): string {
  const strong = (row: number, column: number) =>
    row >= 0 && column >= 0 && row < side && column < side && strengths[row * side + column]! >= 0.5;
  let path = '';
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      if (strong(row, column) !== strong(row - 1, column)) path += `M${x(column)} ${y(row)}H${x(column + 1)}`;
      if (strong(row, column) !== strong(row, column - 1)) path += `M${x(column)} ${y(row)}V${y(row + 1)}`;
    }
  }
  return path;
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
