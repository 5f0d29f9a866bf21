import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a server sends its files; tests change it between requests. */
export interface ServerManners {
  bytes: Uint8Array;
  etag: string | undefined;
  /** Whether it sends parts. */
  ranges: boolean;
  /** For the next requests, one each: break the connection after so many bytes of the answer. */
  breaks: number[];
  /** For the next requests, one each: answer with a status only. */
  statuses: number[];
  /** More headers of every answer. */
  headers: Record<string, string>;
  /** Answers a request itself and says so. */
  intercept(path: string, response: ServerResponse): boolean;
}

/** A server on this machine, and what it was asked for. */
export interface FileServer {
  readonly address: string;
  readonly manners: ServerManners;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** Serves `manners.bytes` under every path. */
export async function startFileServer(bytes: Uint8Array): Promise<FileServer> {
  const manners: ServerManners = { bytes, etag: '"a"', ranges: true, breaks: [], statuses: [], headers: {}, intercept: () => false };
  const requests: FileServer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url!, headers: request.headers });
    if (manners.intercept(request.url!, response)) return;
    const status = manners.statuses.shift();
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const sameState = request.headers['if-range'] === undefined || request.headers['if-range'] === manners.etag;
    const from = asked && manners.ranges && sameState ? Number(asked[1]) : 0;
    if (from > 0 && from >= manners.bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${manners.bytes.length}` }).end();
      return;
    }
    const body = manners.bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length,
      ...(manners.etag !== undefined && { etag: manners.etag }),
      ...(from > 0 && { 'content-range': `bytes ${from}-${manners.bytes.length - 1}/${manners.bytes.length}` }),
      ...manners.headers,
    });
    const after = manners.breaks.shift();
    if (after === undefined) response.end(body);
    else response.write(body.subarray(0, after), () => setTimeout(() => response.destroy(), 20)); // it arrives, then the line is cut
  });
  await new Promise<void>((started) => server.listen(0, '127.0.0.1', started));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    manners,
    requests,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
