/** A file server over a `Map` that can be told to misbehave. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly value: Uint8Array;
  readonly key: string;
  /** Bytes that are asked for, if a range is; `undefined` if it cannot be satisfied. */
  readonly span: { readonly start: number; readonly end: number } | undefined;
  readonly headers: Readonly<Record<string, string | number>>;
}

export interface Server {
  readonly url: string;
  /** "METHOD key range" of each request. */
  readonly log: string[];
  /** Answers in the place of the server's own code; false leaves the request to that. */
  answer: (exchange: Exchange) => boolean;
  close(): Promise<void>;
}

function spanOf(range: string, length: number): Exchange["span"] {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const start = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? length : Math.min(length, Number(last) + 1);
  return start < end ? { start, end } : undefined;
}

/** What a good server does. */
export function serve({ request, response, value, span, headers }: Exchange): void {
  const end = (body: Uint8Array): void => void response.end(request.method === "HEAD" ? undefined : body);
  if (request.headers.range === undefined) {
    response.writeHead(200, { "content-length": value.length, ...headers });
    end(value);
  } else if (span === undefined) {
    response.writeHead(416, { "content-range": `bytes */${value.length}`, ...headers });
    response.end();
  } else {
    response.writeHead(206, {
      "content-range": `bytes ${span.start}-${span.end - 1}/${value.length}`,
      "content-length": span.end - span.start,
      ...headers,
    });
    end(value.subarray(span.start, span.end));
  }
}

/** `etagOf` gives the header for a key. */
export async function startServer(
  values: ReadonlyMap<string, Uint8Array>,
  etagOf: (key: string) => string | undefined = () => undefined,
): Promise<Server> {
  const log: string[] = [];
  const server = createServer((request, response) => {
    const key = decodeURIComponent(new URL(request.url ?? "", "http://host").pathname);
    const range = request.headers.range ?? "";
    log.push(`${request.method} ${key} ${range}`.trimEnd());
    const value = values.get(key);
    if (value === undefined) {
      response.writeHead(404).end("not here");
      return;
    }
    const etag = etagOf(key);
    const headers = etag === undefined ? {} : { etag };
    const exchange = { request, response, value, key, span: spanOf(range, value.length), headers };
    if (!state.answer(exchange)) serve(exchange);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const state: Server = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    answer: () => false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return state;
}
