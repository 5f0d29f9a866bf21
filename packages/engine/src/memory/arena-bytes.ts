import type { Buffer } from './activation-buffers.js';

/** A part of the arena's region. */
interface Chunk {
  readonly begin: number;
  bytes: number;
  free: boolean;
}

/** A free chunk is divided when it is twice as large as what is wanted, or when more than this would be lost. */
const largestLoss = 2 ** 27;

/**
 * Bytes that buffers, given and taken back one after the other, make onnxruntime's arena for the CPU touch (`BFCArena`): of what is free it
 * gives the smallest chunk that is large enough, whole where little would be left of it. So it needs more than what is alive at one time, the
 * more the sizes differ. Exact for an arena of one region, which `arena-opener.ts` makes it.
 *
 * @param steps - how many operations there are
 */
export function arenaBytes(buffers: readonly Buffer[], steps: number): number {
  const chunks: Chunk[] = [{ begin: 0, bytes: Number.POSITIVE_INFINITY, free: true }];
  const [begins, ends] = [byStep(buffers, steps, ({ begin }) => begin), byStep(buffers, steps, ({ end }) => end)];
  const places = new Map<Buffer, Chunk>();
  let touched = 0;
  for (let step = 0; step < steps; step++) {
    for (const buffer of begins[step]!) {
      const chunk = take(chunks, buffer.bytes);
      places.set(buffer, chunk);
      touched = Math.max(touched, chunk.begin + buffer.bytes);
    }
    for (const buffer of ends[step]!) giveBack(chunks, places.get(buffer)!);
  }
  return touched;
}

function take(chunks: Chunk[], bytes: number): Chunk {
  const chunk = chunks.reduce(
    (best, chunk) => (chunk.free && chunk.bytes >= bytes && chunk.bytes < best.bytes ? chunk : best),
    chunks.at(-1)!,
  );
  if (chunk.bytes >= 2 * bytes || chunk.bytes - bytes >= largestLoss) {
    chunks.splice(chunks.indexOf(chunk) + 1, 0, { begin: chunk.begin + bytes, bytes: chunk.bytes - bytes, free: true });
    chunk.bytes = bytes;
  }
  chunk.free = false;
  return chunk;
}

/** Frees a chunk and joins it with what is free beside it. */
function giveBack(chunks: Chunk[], chunk: Chunk): void {
  chunk.free = true;
  const at = chunks.indexOf(chunk);
  const [before, after] = [chunks[at - 1], chunks[at + 1]];
  if (after?.free) {
    chunk.bytes += after.bytes;
    chunks.splice(at + 1, 1);
  }
  if (before?.free) {
    before.bytes += chunk.bytes;
    chunks.splice(at, 1);
  }
}

function byStep(buffers: readonly Buffer[], steps: number, stepOf: (buffer: Buffer) => number): Buffer[][] {
  const lists = Array.from({ length: steps }, (): Buffer[] => []);
  for (const buffer of buffers) lists[stepOf(buffer)]!.push(buffer);
  return lists;
}
