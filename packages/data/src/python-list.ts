/** One quoted string and the comma, or the end, after it. */
const item = /\s*(?:'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)")\s*(?:,\s*|$)/y;
const escapeSequence = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;
const escapedLetters: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '', // a line that goes on
};

/**
 * The strings of a Python list literal such as `['a dog', "a cat's bowl"]`, as `ast.literal_eval` reads them. Nothing is evaluated.
 *
 * @returns undefined when the text is anything else
 */
export function parsePythonStrings(text: string): string[] | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[') || !trimmed.endsWith(']')) return undefined;
  const list = trimmed.slice(1, -1).trim();
  const strings: string[] = [];
  for (item.lastIndex = 0; item.lastIndex < list.length; ) {
    const found = item.exec(list);
    const value = found ? withoutEscapes(found[1] ?? found[2]!) : undefined;
    if (value === undefined) return undefined;
    strings.push(value);
  }
  return strings;
}

function withoutEscapes(body: string): string | undefined {
  let valid = true;
  const value = body.replace(escapeSequence, (whole, two?: string, four?: string, eight?: string, octal?: string, letter?: string) => {
    if (letter !== undefined) {
      valid &&= !'xuUN'.includes(letter); // cut short, or a character by its name
      return escapedLetters[letter] ?? whole; // Python keeps the backslash of an unknown escape
    }
    const code = octal === undefined ? Number.parseInt((two ?? four ?? eight)!, 16) : Number.parseInt(octal, 8);
    valid &&= code <= 0x10ffff;
    return valid ? String.fromCodePoint(code) : '';
  });
  return valid ? value : undefined;
}
