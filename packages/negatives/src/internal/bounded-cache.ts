/** A map that forgets what was used least recently once it holds `capacity` entries. */
export function boundedCache<V>(capacity: number): { get(key: string, make: () => V): V; readonly size: number } {
  const entries = new Map<string, V>(); // a Map keeps the order of insertion: the first entry is the oldest
  return {
    get(key, make) {
      const value = entries.has(key) ? entries.get(key)! : make();
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > capacity) entries.delete(entries.keys().next().value!);
      return value;
    },
    get size() {
      return entries.size;
    },
  };
}
