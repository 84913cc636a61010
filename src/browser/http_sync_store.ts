/**
 * A store of values on a web server, read synchronously in a worker: key `/a/c/0` is the base URL with `/a/c/0` after its path. Read-only.
 *
 * Range requests: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 */

import { RuntimeError } from "../errors.js";
import { resolveRange, sliceRange } from "../stores/range.js";
import type { ByteRange, SyncStore } from "../stores/store.js";
import { segmentsOf } from "./key_segments.js";
import { isWindow } from "./thread.js";

/** Options of {@link HttpSyncStore}. */
export interface HttpSyncStoreOptions {
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a server answered. */
interface Found {
  readonly status: number;
  readonly bytes: Uint8Array;
  header(name: string): string | null;
}

/** Values and ranges under a URL, read in synchronous calls of any worker: a window may not wait for them. */
export class HttpSyncStore implements SyncStore {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param url Of the directory that the keys are in.
   * @throws RuntimeError `UNSUPPORTED` in a window, where no request may be synchronous.
   */
  constructor(url: string | URL, { headers = {} }: HttpSyncStoreOptions = {}) {
    if (isWindow() || typeof XMLHttpRequest === "undefined") {
      throw new RuntimeError("UNSUPPORTED", "HttpSyncStore needs a worker: elsewhere no request may be synchronous");
    }
    this.#base = new URL(url, location.href);
    this.#headers = headers;
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    // A range that is wrong is wrong for every value.
    resolveRange(range, 0);
    if (range === undefined) return this.#request("GET", key)?.bytes;
    // Of no bytes there is no range.
    if (("suffixLength" in range ? range.suffixLength : range.length) === 0) {
      return this.sizeSync(key) === undefined ? undefined : new Uint8Array();
    }
    const found = this.#request("GET", key, headerOf(range));
    if (found === undefined) return undefined;
    // The range begins after the end of the value.
    if (found.status === 416) return new Uint8Array();
    // A server without ranges answers with the value.
    if (found.status === 200) return sliceRange(found.bytes, range);
    checkContentRange(key, range, found);
    return found.bytes;
  }

  /** From the header Content-Length. */
  sizeSync(key: string): number | undefined {
    const found = this.#request("HEAD", key);
    if (found === undefined) return undefined;
    const length = found.header("Content-Length");
    if (length !== null && /^\d+$/.test(length)) return Number(length);
    throw new RuntimeError("STORE_ERROR", "the server tells no Content-Length", { key });
  }

  setSync(key: string): never {
    throw readOnly(key);
  }

  deleteSync(key: string): never {
    throw readOnly(key);
  }

  /** `undefined` if there is no such value. */
  #request(method: "GET" | "HEAD", key: string, range?: string): Found | undefined {
    const url = new URL(this.#base);
    url.pathname =
      url.pathname.replace(/\/$/, "") +
      segmentsOf(key)
        .map((name) => `/${encodeURIComponent(name)}`)
        .join("");
    const request = new XMLHttpRequest();
    request.open(method, url, false);
    request.responseType = "arraybuffer";
    for (const [name, value] of Object.entries(this.#headers)) request.setRequestHeader(name, value);
    if (range !== undefined) request.setRequestHeader("Range", range);
    try {
      request.send();
    } catch (cause) {
      throw new RuntimeError("STORE_ERROR", `cannot reach ${url.origin}`, { key, cause });
    }
    const { status } = request;
    if (status === 404 || status === 410) return undefined;
    const isFound = status === 200 || (range !== undefined && (status === 206 || status === 416));
    if (!isFound) throw new RuntimeError("STORE_ERROR", `the server answers ${status} ${request.statusText}`, { key });
    const body: unknown = request.response;
    const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : new Uint8Array();
    return { status, bytes, header: (name) => request.getResponseHeader(name) };
  }
}

function readOnly(key: string): RuntimeError {
  return new RuntimeError("STORE_ERROR", "HttpSyncStore is read-only", { key });
}

function headerOf(range: ByteRange): string {
  if ("suffixLength" in range) return `bytes=-${range.suffixLength}`;
  const last = Math.min(range.offset + range.length - 1, Number.MAX_SAFE_INTEGER);
  return `bytes=${range.offset}-${last}`;
}

/** A cache or proxy in between may answer with other bytes than those asked for. */
function checkContentRange(key: string, range: ByteRange, { bytes, header }: Found): void {
  const found = header("Content-Range") ?? "";
  const [, first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(found) ?? []).map(Number);
  const isWhole = first !== undefined && last !== undefined && bytes.byteLength === last - first + 1;
  if (isWhole && size !== undefined) {
    if (Number.isNaN(size) ? "offset" in range && range.offset === first : isRange(range, first, last, size)) return;
  }
  const details = { key, expected: headerOf(range), found: `${bytes.byteLength} bytes, Content-Range "${found}"` };
  throw new RuntimeError("STORE_ERROR", "the server answers with another range than was asked for", details);
}

function isRange(range: ByteRange, first: number, last: number, size: number): boolean {
  const { start, end } = resolveRange(range, size);
  return start === first && end === last + 1;
}
