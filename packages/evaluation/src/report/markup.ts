const brand: unique symbol = Symbol('markup');

/** Text that is markup already. Only `markup` makes it, so nothing else gets into the page unescaped. */
export interface Markup {
  readonly [brand]: string;
}

type Part = string | number | Markup | readonly Part[] | undefined | false;

/**
 * A piece of HTML or SVG: strings and numbers put into it are escaped, markup is not, lists are joined, `undefined` and `false` are left out.
 *
 * Control characters and halves of characters become U+FFFD, since XML has no way to write them.
 */
export function markup(literals: TemplateStringsArray, ...parts: Part[]): Markup {
  return { [brand]: literals.reduce((text, literal, i) => text + render(parts[i - 1]) + literal) };
}

/** The text of a piece. */
export function toText(piece: Markup): string {
  return piece[brand];
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return brand in part ? part[brand] : part.map(render).join('');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
