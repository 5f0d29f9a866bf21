const own = new URL('..', import.meta.url).href;

/** The nearest line of a program that is neither this package's nor tfjs's, as `file:line:column`, or '' when there is none. */
export function userLine(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = limit;
  const foreign = frames.find(
    (frame) =>
      !frame.includes('@tensorflow') &&
      !frame.includes('node:') &&
      (!(frame.includes(own) || frame.includes(new URL(own).pathname)) || frame.includes('.test.')),
  );
  return foreign?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1] ?? '';
}
