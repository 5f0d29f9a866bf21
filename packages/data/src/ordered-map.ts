/** Applies `load` to up to `ahead` items at a time; the results come in the order of the items. */
export async function* orderedMap<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  load: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Result, void, undefined> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const queue: Promise<Result>[] = [];
  const enqueue = (result: Promise<Result>) => {
    result.catch(() => {}); // thrown below, when its turn comes
    queue.push(result);
  };
  let ended = false;
  try {
    for (;;) {
      while (!ended && queue.length < ahead) {
        try {
          const next = await iterator.next();
          ended = next.done === true;
          if (!next.done) enqueue(load(next.value));
        } catch (error) {
          ended = true;
          enqueue(Promise.reject(error)); // what came before it comes out before it
        }
      }
      const result = queue.shift();
      if (!result) return;
      yield await result;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}
