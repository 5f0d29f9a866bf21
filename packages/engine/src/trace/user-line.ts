const own = new URL('..', import.meta.url).href;

/** Frames that a stack keeps while something is traced: tfjs puts ten of its own around an operation. */
export const stackFrames = 100;

/** The nearest line of a program that is neither this package's nor tfjs's, as `file:line:column`, or '' when there is none. */
export function userLine(stack = currentStack()): string {
  return foreignFrame(stack).line;
}

/** That line, and the name of the function of tfjs (or of this package) that it calls: `booleanMaskAsync`, `array`. */
export function userCall(): { readonly line: string; readonly called: string } {
  const { line, before } = foreignFrame(currentStack());
  return { line, called: before.match(/at (?:async )?(?:\w+\.)*(\w+?)_? /)?.[1] ?? 'a function' };
}

function currentStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = stackFrames;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack ?? '';
}

/** tfjs's files: in its packages, or beside them where source maps are on, as under tsx (`…/tfjs-core/src/engine.ts`). */
const tfjs = /@tensorflow|[\\/]tfjs-[\w-]+[\\/]src[\\/]/;

/** The line of the first foreign frame, and the frame that it called. */
function foreignFrame(stack: string): { line: string; before: string } {
  const frames = stack.split('\n').filter((line) => /^ *at .*:\d+:\d+\)?$/.test(line)); // those of the language itself have no line
  const index = frames.findIndex(
    (frame) =>
      !tfjs.test(frame) &&
      !frame.includes('node:') &&
      (!(frame.includes(own) || frame.includes(new URL(own).pathname)) || frame.includes('.test.')),
  );
  const line = frames[index]?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1] ?? '';
  return { line, before: frames[index - 1] ?? '' };
}
