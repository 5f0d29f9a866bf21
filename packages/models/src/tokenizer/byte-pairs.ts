import type { Vocabulary } from './vocabulary.js';

/**
 * Byte-pair encoding of one word: its UTF-8 bytes, of which again and again the pair with the smallest merged id is merged, from left
 * to right. A heap holds the pairs, so a word of n bytes takes n·log n steps however odd it is.
 *
 * The order equals that of merging all places of a pair at once: a pair that a merge makes possible stands later in the vocabulary.
 */
export function bytePairs(word: string, { byteIds, merge }: Vocabulary): number[] {
  const bytes = Buffer.from(word, 'utf8');
  const tokens = Array.from(bytes, (byte) => byteIds[byte]!);
  tokens[tokens.length - 1]! += 256;

  const next = tokens.map((_, i) => i + 1);
  const previous = tokens.map((_, i) => i - 1);
  const heap: number[] = []; // merged id · 2^32 + place of its left half: the smallest is the next to merge
  const offer = (place: number) => {
    if (place < 0 || next[place]! >= tokens.length) return;
    const merged = merge(tokens[place]!, tokens[next[place]!]!);
    if (merged !== undefined) push(heap, merged * 2 ** 32 + place);
  };
  for (let place = 0; place < tokens.length; place++) offer(place);

  while (heap.length > 0) {
    const smallest = pop(heap);
    const place = smallest % 2 ** 32;
    const merged = (smallest - place) / 2 ** 32;
    const right = next[place]!;
    if (tokens[place] === gone || right >= tokens.length || merge(tokens[place]!, tokens[right]!) !== merged) continue; // changed since
    tokens[place] = merged;
    tokens[right] = gone;
    next[place] = next[right]!;
    if (next[place]! < tokens.length) previous[next[place]!] = place;
    offer(previous[place]!);
    offer(place);
  }
  return tokens.filter((token) => token !== gone);
}

const gone = -1;

function push(heap: number[], value: number): void {
  let child = heap.push(value) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[child] = heap[parent]!;
    child = parent;
  }
  heap[child] = value;
}

function pop(heap: number[]): number {
  const smallest = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return smallest;
  let parent = 0;
  for (let child = 1; child < heap.length; child = 2 * parent + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[parent] = heap[child]!;
    parent = child;
  }
  heap[parent] = last;
  return smallest;
}
