import { type Markup, markup } from './markup.js';
import type { ReportData } from './report-data.js';

/** How a method looks everywhere in the report: a colour, and a dash and a marker for those who cannot tell colours apart. */
export interface MethodStyle {
  /** Class name that sets `--method`. */
  readonly className: string;
  readonly dash: string;
  /** An SVG path around (0, 0), about 8 wide. */
  readonly marker: string;
}

/** After Okabe and Ito's palette, made for all kinds of colour vision; the second of each pair is for dark backgrounds. */
const colours = [
  ['#667085', '#a3adbb'],
  ['#2f8fd0', '#63b8f2'],
  ['#b98500', '#e6bb3c'],
  ['#00876c', '#35c9a5'],
  ['#d04a02', '#ff8f57'],
  ['#a8468a', '#e58cc5'],
  ['#4f46a5', '#a49cf5'],
  ['#1f2937', '#e5e7eb'],
] as const;

const dashes = ['2 3', '7 3', '9 3 2 3', '4 2', '', '12 3'];

const markers = [
  'M0-4A4 4 0 1 1 0 4A4 4 0 1 1 0-4Z',
  'M-3.6-3.6H3.6V3.6H-3.6Z',
  'M0-4.6L4.6 3.6H-4.6Z',
  'M0-5L5 0L0 5L-5 0Z',
  'M0 4.6L4.6-3.6H-4.6Z',
];

/** The style of a method, by its place among all methods of the report. */
export type Styles = (method: string) => MethodStyle;

/** Gives every method of the report its style, in the order of the table. */
export function methodStyles({ scores, curves = [], hardCases = [] }: ReportData): Styles {
  const names = new Set([
    ...scores.rows.map(({ method }) => method),
    ...curves.flatMap(({ series }) => series.map(({ method }) => method)),
    ...hardCases.flatMap((item) => item.scores.map(({ method }) => method)),
  ]);
  const styles = new Map(
    [...names].map((name, i) => [
      name,
      { className: `m${i % colours.length}`, dash: dashes[i % dashes.length]!, marker: markers[i % markers.length]! },
    ]),
  );
  return (method) => styles.get(method)!;
}

/** The rules that give each class its colour. */
export function methodRules(scheme: 'light' | 'dark'): string {
  return colours.map((pair, i) => `.m${i}{--method:${pair[scheme === 'light' ? 0 : 1]}}`).join('\n');
}

/** A method's line and marker, for legends. */
export function swatch({ className, dash, marker }: MethodStyle): Markup {
  return markup`<svg class="swatch ${className}" width="34" height="12" viewBox="-17 -6 34 12" aria-hidden="true"><path class="line" d="M-16 0H16" stroke-dasharray="${dash}"/><path class="marker" d="${marker}"/></svg>`;
}
