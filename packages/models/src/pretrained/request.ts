import type { Refuse } from '../files/refuse.js';

/** What a server says about a file before it sends it. */
export interface FileAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** What the hub says about a large file on the way to the server that holds it. */
  readonly linked: { readonly sha256?: string; readonly sizeBytes?: number };
}

const mostRedirects = 5;

/**
 * Asks for a file, following redirects by hand: at most five, and never from https to http.
 *
 * @throws whatever `send` throws when the connection fails
 */
export async function request(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  send: typeof fetch,
  refuse: Refuse,
): Promise<FileAnswer> {
  let url = new URL(address);
  const secure = url.protocol === 'https:';
  let linked: FileAnswer['linked'] = {};
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    // Bytes as they are: a compressed answer has other lengths than the file.
    const response = await send(url, { headers: { 'accept-encoding': 'identity', ...headers }, redirect: 'manual', signal });
    linked = { ...linkedOf(response.headers), ...linked };
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null)
      return { status: response.status, headers: response.headers, body: response.body, linked };
    await response.body?.cancel();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : refuse('must redirect to an address', location);
    if (next.protocol !== 'https:' && (secure || next.protocol !== 'http:')) refuse('must stay on https', next.protocol);
    url = next;
  }
  return refuse(`must redirect at most ${mostRedirects} times`, 'more');
}

function linkedOf(headers: Headers): FileAnswer['linked'] {
  const sha256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(headers.get('x-linked-etag') ?? '')?.[1]?.toLowerCase();
  const sizeBytes = wholeNumber(headers.get('x-linked-size'));
  return { ...(sha256 !== undefined && { sha256 }), ...(sizeBytes !== undefined && { sizeBytes }) };
}

/** A header's number of bytes; undefined where it is none. */
export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
