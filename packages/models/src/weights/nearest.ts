/** The candidate with the smallest edit distance to a name, below `limit`: what was probably meant. */
export function nearest(name: string, candidates: Iterable<string>, limit = Number.POSITIVE_INFINITY): string | undefined {
  let best: string | undefined;
  let smallest = limit;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < smallest) [best, smallest] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance by rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length]!;
}
