/**
 * A text on its way through clean-up. With `origins`, each of its UTF-16 units remembers where in the original text it came from: unit i from
 * `origins[2i]` up to, not including, `origins[2i + 1]`. Without, nothing is remembered, and nothing is paid for it.
 */
export interface Draft {
  readonly text: string;
  readonly origins?: readonly number[];
}

/** The draft that a text begins as, to be traced. */
export function tracedDraft(text: string): Draft {
  return { text, origins: Array.from({ length: 2 * text.length }, (_, i) => (i + 1) >> 1) };
}

/** A draft whose matches of a global pattern are replaced. Every unit of a replacement comes from the whole match. */
export function replaced(draft: Draft, pattern: RegExp, by: (match: string) => string): Draft {
  if (!draft.origins) return { text: draft.text.replace(pattern, by) };
  return rewritten(draft, pattern, ({ text, origins }) => {
    const after = by(text);
    if (after === text) return { text, origins: origins! };
    const whole = [origins![0]!, origins!.at(-1)!];
    return { text: after, origins: Array.from({ length: 2 * after.length }, (_, i) => whole[i & 1]!) };
  });
}

/** A draft whose matches of a global pattern are rewritten, each as a draft of its own. Matches are not empty. */
export function rewritten(draft: Draft, pattern: RegExp, by: (match: Draft) => Draft): Draft {
  const { text, origins } = draft;
  if (!origins) return { text: text.replace(pattern, (match) => by({ text: match }).text) };
  const texts: string[] = [];
  const traces: (readonly number[])[] = [];
  let end = 0;
  const keep = (begin: number) => {
    texts.push(text.slice(end, begin));
    traces.push(origins.slice(2 * end, 2 * begin));
  };
  for (const { 0: match, index } of text.matchAll(pattern)) {
    keep(index);
    end = index + match.length;
    const after = by({ text: match, origins: origins.slice(2 * index, 2 * end) });
    texts.push(after.text);
    traces.push(after.origins!);
  }
  keep(text.length);
  return { text: texts.join(''), origins: traces.flat() };
}

/** The same draft in other characters, unit for unit. */
export function transcribed(draft: Draft, text: string): Draft {
  return { ...draft, text };
}
