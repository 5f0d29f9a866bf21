import { WeightsError } from '@fsc-clip/core';

/** Stops with a WeightsError about one file. */
export type Refuse = (rule: string, got: string, more?: { readonly hint?: string; readonly cause?: unknown }) => never;

const longestText = 300;

/** Errors of the function `caller` about the file at `path`. What comes out of the file is made harmless for a terminal, and short. */
export function refuser(caller: string, path: string): Refuse {
  return (rule, got, more) => {
    throw new WeightsError({ function: caller, argument: path, rule: printable(rule), got: printable(got), ...more });
  };
}

/** What went wrong, in words. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function printable(text: string): string {
  const short = text.length > longestText ? `${text.slice(0, longestText)}…` : text;
  return short.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
