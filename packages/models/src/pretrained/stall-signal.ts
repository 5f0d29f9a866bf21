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
  const follow = () => stalled.abort(outer?.reason);
  let timer = setTimeout(stop, stallMs);
  // Not AbortSignal.any: what it returns may be collected before it aborts.
  outer?.addEventListener('abort', follow);
  if (outer?.aborted) follow();
  return {
    signal: stalled.signal,
    restart: () => {
      clearTimeout(timer);
      timer = setTimeout(stop, stallMs);
    },
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}
