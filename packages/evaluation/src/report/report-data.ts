import type { RgbImage } from '@fsc-clip/data';
import type { Score } from '../scores/score.js';

/** Everything that `writeReport` draws. All text may come from anywhere: it is escaped. Methods keep one colour throughout. */
export interface ReportData {
  readonly title: string;
  /** One or two sentences under the title: what was compared on what. */
  readonly lead?: string;
  /** How the numbers were made: seeds, steps, learning rate, sizes, versions. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** @defaultValue no section */
  readonly curves?: readonly CurveChart[];
  readonly scores: ScoreTable;
  /** @defaultValue no section */
  readonly hardCases?: readonly HardCase[];
  /** @defaultValue no section */
  readonly alignmentMaps?: readonly AlignmentMap[];
  /** What a careful reader should hold against the numbers. */
  readonly notes?: readonly string[];
}

/** One chart of lines, e.g. the loss of every method over steps. */
export interface CurveChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly CurveSeries[];
}

/** One line; a point that is not finite breaks it. */
export interface CurveSeries {
  readonly method: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Methods by metrics, for `writeReport` and `formatTable`. */
export interface ScoreTable {
  readonly metrics: readonly Metric[];
  readonly rows: readonly ScoreRow[];
  /** The method that every `difference` is against. */
  readonly comparedWith?: string;
}

/** A column of a score table. Values are fractions and shown as percentages. */
export interface Metric {
  /** Names the metric in `ScoreRow.scores`. */
  readonly key: string;
  readonly label: string;
  /** What guessing reaches. */
  readonly chance?: number;
  /** What a model reaches that never sees the image: `textOnlyBaseline`. */
  readonly textOnly?: Score;
  /**
   * Draws the metric large, above the table.
   * @defaultValue false
   */
  readonly headline?: boolean;
}

/** A method's scores by the metrics' keys; a missing one is shown as a dash. */
export interface ScoreRow {
  readonly method: string;
  readonly scores: Readonly<Record<string, ScoreCell>>;
}

/** A score and, where there is one, how much better it is than the compared method's: `pairedDifference`. */
export interface ScoreCell extends Score {
  readonly difference?: Score;
}

/** An image with its caption and a foil, and how the methods scored both. */
export interface HardCase {
  readonly image: RgbImage;
  readonly caption: string;
  readonly foil: string;
  /** The kind of foil. */
  readonly kind?: string;
  /** Cosines of the image with the caption and with the foil; right when the caption's is strictly higher. */
  readonly scores: readonly { readonly method: string; readonly caption: number; readonly foil: number }[];
}

/** Which patches each word of a caption looks at. */
export interface AlignmentMap {
  readonly image: RgbImage;
  readonly method?: string;
  /** Words of the caption in order, each with f32 [P] weights over a square grid of patches, row-major, not negative. */
  readonly words: readonly { readonly word: string; readonly weights: Float32Array }[];
}
