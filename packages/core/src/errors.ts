/** What every error of these packages says: where, which argument, which rule, what came, what to do. */
export interface ErrorDetail {
  /** The public function that refuses, e.g. `localNegativeLoss`. */
  readonly function: string;
  /** The argument (or file, row, key) at fault. */
  readonly argument: string;
  /** The rule, as the end of a sentence: `must be …`. */
  readonly rule: string;
  /** What came instead. */
  readonly got?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of all errors of these packages; `detail` holds the parts of the message. */
export abstract class FscClipError extends Error {
  readonly detail: ErrorDetail;

  constructor(detail: ErrorDetail) {
    const got = detail.got === undefined ? '' : `, got ${detail.got}`;
    const hint = detail.hint === undefined ? '' : `. ${detail.hint}`;
    super(
      `${detail.function}: \`${detail.argument}\` ${detail.rule}${got}${hint}`,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.detail = detail;
    this.name = new.target.name;
  }
}

/** A tensor of the wrong shape or dtype. */
export class ShapeError extends FscClipError {}

/** An option out of its range, or an impossible combination of options. */
export class OptionError extends FscClipError {}

/** Data that cannot be used: a missing file, an unreadable image, a broken row. */
export class DataError extends FscClipError {}

/** Weights that do not fit, or a weights file that cannot be trusted. */
export class WeightsError extends FscClipError {}

/** A device, a session or an array on a device that cannot do what was asked. */
export class DeviceError extends FscClipError {}
