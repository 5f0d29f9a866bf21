/** Without a byte for so long, a transfer is broken. */
const stallMs = 60_000;

/** A signal that aborts when nothing comes. */
export interface Stall {
  readonly signal: AbortSignal;
  restart(): void;
  clear(): void;
}

/** Aborts when nothing comes for a minute, and when `outer` does. */
export function stallSignal(outer: AbortSignal | undefined): Stall {
  const stalled = new AbortController();
  const stop = () => stalled.abort(new Error(`nothing came for ${stallMs / 1000} s`));
  let timer = setTimeout(stop, stallMs);
  return {
    signal: outer ? AbortSignal.any([outer, stalled.signal]) : stalled.signal,
    restart: () => {
      clearTimeout(timer);
      timer = setTimeout(stop, stallMs);
    },
    clear: () => clearTimeout(timer),
  };
}
