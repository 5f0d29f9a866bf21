/**
 * Remembers the results of `compute` for the strings asked for lately: at least the last `size`, at most twice as many. Two
 * generations, of which the older is forgotten when the younger is full, make this as fast as a plain map.
 */
export function boundedCache<Value>(size: number, compute: (key: string) => Value): (key: string) => Value {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  return (key) => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const value = old.get(key) ?? compute(key);
    if (young.size >= size) {
      old = young;
      young = new Map();
    }
    // A copy: V8 keeps the whole text alive behind a word cut out of it.
    young.set(Buffer.from(key, 'utf16le').toString('utf16le'), value);
    return value;
  };
}
