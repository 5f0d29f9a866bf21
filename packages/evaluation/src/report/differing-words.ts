/** A word of one text, and whether the other text lacks it at that place. */
export interface ComparedWord {
  readonly word: string;
  readonly differs: boolean;
}

/** The words of two texts, marked where they are not part of the longest sequence that both share. */
export function differingWords(a: string, b: string): [ComparedWord[], ComparedWord[]] {
  const left = a.split(/\s+/).filter(Boolean);
  const right = b.split(/\s+/).filter(Boolean);
  // shared[i][j]: length of the longest common subsequence of left from i and right from j.
  const shared = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      shared[i]![j] = left[i] === right[j] ? shared[i + 1]![j + 1]! + 1 : Math.max(shared[i + 1]![j]!, shared[i]![j + 1]!);
    }
  }
  const [first, second]: [ComparedWord[], ComparedWord[]] = [[], []];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && left[i] === right[j]) {
      first.push({ word: left[i++]!, differs: false });
      second.push({ word: right[j++]!, differs: false });
    } else if (j === right.length || (i < left.length && shared[i + 1]![j]! >= shared[i]![j + 1]!)) {
      first.push({ word: left[i++]!, differs: true });
    } else {
      second.push({ word: right[j++]!, differs: true });
    }
  }
  return [first, second];
}
