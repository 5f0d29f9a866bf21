/**
 * Keeps `ahead` further items of a generator in the making while the consumer works on one.
 *
 * @param stop - makes the generator end soon; called when the consumer leaves, before its end is awaited
 */
export async function* prefetched<Item>(
  source: AsyncGenerator<Item, void, undefined>,
  ahead: number,
  stop: () => Promise<void>,
): AsyncGenerator<Item, void, undefined> {
  const queue: Promise<IteratorResult<Item, void>>[] = [];
  try {
    for (;;) {
      while (queue.length <= ahead) {
        const next = source.next(); // an async generator answers overlapping calls one after the other
        next.catch(() => {}); // thrown below, when its turn comes
        queue.push(next);
      }
      const { done, value } = await queue.shift()!;
      if (done) return;
      yield value as Item;
    }
  } finally {
    await stop();
    await source.return();
  }
}
