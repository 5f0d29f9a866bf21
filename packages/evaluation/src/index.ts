export { encodeDataset } from './encode-dataset.js';
export { formatTable } from './format-table.js';
export type {
  AlignmentMap,
  CurveChart,
  CurveSeries,
  HardCase,
  Metric,
  ReportData,
  ScoreCell,
  ScoreRow,
  ScoreTable,
} from './report/report-data.js';
export { wordWeights } from './report/word-weights.js';
export { writeReport } from './report/write-report.js';
export type { ClassificationScore } from './scores/classification-score.js';
export { classificationScore } from './scores/classification-score.js';
export type { CompositionalAccuracyOptions } from './scores/compositional-accuracy.js';
export { compositionalAccuracy } from './scores/compositional-accuracy.js';
export type { GroupScore } from './scores/group-score.js';
export { groupScore } from './scores/group-score.js';
export type { MeanAveragePrecision } from './scores/mean-average-precision.js';
export { meanAveragePrecision } from './scores/mean-average-precision.js';
export type { ScoreTree } from './scores/nested-average.js';
export { nestedAverage } from './scores/nested-average.js';
export type { RetrievalDirection, RetrievalInput, RetrievalOptions, RetrievalRecall } from './scores/retrieval-recall.js';
export { retrievalRecall } from './scores/retrieval-recall.js';
export { rocAuc } from './scores/roc-auc.js';
export type { ItemScore, Score } from './scores/score.js';
export { binomialError, meanScore, pairedDifference } from './scores/score.js';
export { scoreByGroup } from './scores/score-by-group.js';
export { similarities } from './scores/similarities.js';
export type { TwoPositivesScore } from './scores/two-positives.js';
export { twoPositives } from './scores/two-positives.js';
export { classProbabilities, classVectors, zeroShot } from './scores/zero-shot.js';
export type { CaptionPair } from './text-only-baseline.js';
export { textOnlyBaseline } from './text-only-baseline.js';
