/**
 * Values behind HTTP, read by `fetch`: what a server says is checked before its bytes are believed, and what fails in passing is tried again.
 *
 * Sources: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests, https://fetch.spec.whatwg.org/
 */

import { ArgumentError, RuntimeError } from "../errors.js";
import { resolveRange, sliceRange } from "./range.js";
import type { AsyncStore, ByteRange, RequestOptions } from "./store.js";

/** Options of {@link HttpStore}. */
export interface HttpStoreOptions {
  /** Takes the place of the global `fetch`: to sign requests, or to change answers, for example 403 to 404. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request is repeated after 408, 429, 5xx, a lost connection or a body that is cut short. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first repetition, doubled for each further one; a server's Retry-After may make it longer. Default 200. */
  readonly retryDelayMs?: number;
}

/** A request for a value or a part of it. */
interface Query {
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  readonly method?: "HEAD";
  /** The header of that name. */
  readonly range?: string;
  /** Statuses whose bodies are of no use. */
  readonly bodiless?: readonly number[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What a Content-Range says: bytes `first` to `last` of `total`, if the server knows that. */
interface Part {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

const temporary: readonly number[] = [408, 429, 500, 502, 503, 504];
const missing: readonly number[] = [404, 410];
/** What servers say to ranges that count from the end, where they know only others. 200 is the whole value, which may be large. */
const noSuffix: readonly number[] = [200, 400, 405, 416, 501];
/** A server that wants more time than this gets no further request. */
const longestWaitMs = 60_000;

/** A failure that the next request may not have. */
class Passing extends Error {
  readonly waitMs: number;
  constructor(message: string, waitMs: number, cause?: unknown) {
    super(message, { cause });
    this.waitMs = waitMs;
  }
}

/** Whether the body was compressed for the way, so that ranges and lengths count other bytes than the value's. */
function isEncoded(headers: Headers): boolean {
  const encoding = headers.get("content-encoding");
  return encoding !== null && encoding !== "identity";
}

function retryAfterMs(headers: Headers): number {
  const value = headers.get("retry-after");
  if (value === null) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** `undefined` without the header, which servers of other origins must allow a browser to see. */
function partOf({ headers }: Pick<Answer, "headers">, key: string): Part | undefined {
  const value = headers.get("content-range");
  if (value === null) return undefined;
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value) ?? [];
  if (first === undefined || last === undefined) throw badAnswer(key, "an invalid Content-Range", "bytes 0-1/2", value);
  return { first: Number(first), last: Number(last), total: total === "*" ? undefined : Number(total) };
}

/** Length of a value of which a range was refused. */
function refusedLength({ headers }: Answer): number | undefined {
  const [, total] = /^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  return total === undefined ? undefined : Number(total);
}

function badAnswer(key: string, what: string, expected: string, found: string): RuntimeError {
  return new RuntimeError("STORE_ERROR", `The server gave ${what}`, { key, expected, found });
}

function unexpectedStatus({ key, range }: Query, status: number): RuntimeError {
  const expected = range === undefined ? "200 or 404" : "206, 200 or 404";
  return badAnswer(key, "an unexpected status", expected, `${status}`);
}

/** The body of a 206, which must be bytes `start` to `end` of the value, or less where the value ends. */
function bytesOfPart(answer: Answer, key: string, start: number, end: number): Uint8Array {
  const part = partOf(answer, key);
  const { byteLength } = answer.body;
  if (part === undefined) {
    if (byteLength === end - start) return answer.body;
    throw badAnswer(
      key,
      "part of a value without saying which",
      `${end - start} bytes, or a Content-Range`,
      `${byteLength} bytes`,
    );
  }
  const { first, last, total } = part;
  const isAll = last + 1 === end || (last + 1 < end && last + 1 === total);
  if (first === start && isAll) return answer.body;
  throw badAnswer(
    key,
    "another part than it was asked for",
    `bytes ${start}-${end - 1}`,
    `bytes ${first}-${last}/${total ?? "*"}`,
  );
}

/** The body of a 206, which must be the last `length` bytes of the value, or all of a shorter one. */
function bytesOfEnd(answer: Answer, key: string, length: number): Uint8Array {
  const { body } = answer;
  const { first, last, total } = partOf(answer, key) ?? {};
  const isEnd = total === undefined || last === total - 1;
  if (isEnd && (body.byteLength === length || (body.byteLength < length && first === 0 && total !== undefined)))
    return body;
  const found = first === undefined ? `${body.byteLength} bytes` : `bytes ${first}-${last}/${total ?? "*"}`;
  throw badAnswer(key, "another part than it was asked for", `the last ${length} bytes`, found);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function checkCount(name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new ArgumentError("INVALID_ARGUMENT", `Invalid option ${name}`, {
    expected: "a number from 0",
    found: `${value}`,
  });
}

/**
 * A store of values under a URL, to be read. Works wherever `fetch` is, and for zarrita as well.
 *
 * - Ranges: 206, Content-Range and lengths are checked. Where a server ignores ranges, values are read whole.
 * - The end of a value, where shards have their index: by a range that counts from the end; else by its length, which HEAD tells, or a range.
 * - One version: what is read of a value in parts has one ETag (else Last-Modified), or reading throws `VALUE_CHANGED` until
 *   {@link forget} is called. syncodec's arrays call it and read once more.
 * - A status of 404 or 410 is a missing key; any other but 200 and 206 a `STORE_ERROR`.
 */
export class HttpStore implements AsyncStore {
  readonly url: string;
  readonly #base: URL;
  readonly #options: Required<HttpStoreOptions>;
  /** Of the values that were read in parts. */
  readonly #versions: Map<string, string> = new Map();
  /** Of these a cache may hold parts of an older version. */
  readonly #changed: Set<string> = new Set();
  #hasRanges = true;
  #hasSuffixRanges = true;
  #hasHead = true;

  constructor(url: string | URL, options: HttpStoreOptions = {}) {
    const { fetch: ask = (request) => fetch(request), headers = {}, retries = 4, retryDelayMs = 200 } = options;
    checkCount("retries", retries);
    checkCount("retryDelayMs", retryDelayMs);
    this.#options = { fetch: ask, headers, retries, retryDelayMs };
    this.#base = new URL(url);
    this.url = this.#base.href;
  }

  /** False once the server has answered a range with the whole value. */
  get hasRanges(): boolean {
    return this.#hasRanges;
  }

  async get(key: string, { signal }: RequestOptions = {}): Promise<Uint8Array | undefined> {
    const query: Query = { key, signal };
    const { status, body } = await this.#ask(query);
    if (missing.includes(status)) return undefined;
    if (status !== 200) throw unexpectedStatus(query, status);
    return body;
  }

  /** A range that reaches past the value's end gives the bytes there are. */
  async getRange(key: string, range: ByteRange, { signal }: RequestOptions = {}): Promise<Uint8Array | undefined> {
    const known = this.#versions.get(key);
    const { start, end } = resolveRange(range, Number.MAX_SAFE_INTEGER);
    if (!("suffixLength" in range)) return this.#getPart(key, start, end, known, signal);
    return this.#getEnd(key, range.suffixLength, known, signal);
  }

  /** Accepts a new version of the value, of which nothing that was read before may be used any more. */
  forget(key: string): void {
    this.#versions.delete(key);
    this.#changed.add(key);
  }

  async #getPart(
    key: string,
    start: number,
    end: number,
    known: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    // No range is empty: one byte tells whether there is a value.
    const last = Math.max(start, end - 1);
    const query: Query = { key, signal, range: `bytes=${start}-${last}`, bodiless: [416] };
    const answer = await this.#ask(query);
    const { status, headers, body } = answer;
    if (missing.includes(status)) return undefined;
    if (status === 206 && isEncoded(headers))
      return this.#getWhole(key, { offset: start, length: end - start }, signal);
    if (status !== 200 && status !== 206 && status !== 416) throw unexpectedStatus(query, status);
    this.#checkVersion(key, headers, known);
    if (status === 416) {
      const length = refusedLength(answer);
      if (length === undefined || length <= start) return new Uint8Array(0);
      throw badAnswer(key, "no bytes for a range that it has", `bytes ${start}-${last}`, `416, of ${length} bytes`);
    }
    if (status === 200) {
      this.#hasRanges = false;
      return sliceRange(body, { offset: start, length: end - start });
    }
    return bytesOfPart(answer, key, start, last + 1).subarray(0, end - start);
  }

  async #getEnd(
    key: string,
    length: number,
    known: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    if (this.#hasSuffixRanges && length > 0) {
      const query: Query = { key, signal, range: `bytes=-${length}`, bodiless: noSuffix };
      const answer = await this.#ask(query);
      const { status, headers } = answer;
      if (missing.includes(status)) return undefined;
      if (status === 206 && isEncoded(headers)) return this.#getWhole(key, { suffixLength: length }, signal);
      if (status === 206) {
        this.#checkVersion(key, headers, known);
        return bytesOfEnd(answer, key, length);
      }
      if (!noSuffix.includes(status)) throw unexpectedStatus(query, status);
      this.#hasSuffixRanges = refusedLength(answer) === 0;
    }
    const size = await this.#size(key, known, signal);
    if (typeof size !== "number") return size && sliceRange(size, { suffixLength: length });
    const start = Math.max(0, size - length);
    return start === size ? new Uint8Array(0) : this.#getPart(key, start, size, known, signal);
  }

  /** Length of a value in bytes; the value, if that is what the server gives. */
  async #size(
    key: string,
    known: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<number | Uint8Array | undefined> {
    if (this.#hasHead) {
      const { status, headers } = await this.#ask({ key, signal, method: "HEAD" });
      const length = headers.get("content-length");
      if (status === 200 && length !== null && !isEncoded(headers)) {
        this.#checkVersion(key, headers, known);
        return Number(length);
      }
      // A 404 may be the answer to HEAD, or to the key: the next request tells.
      this.#hasHead = missing.includes(status);
    }
    const query: Query = { key, signal, range: "bytes=0-0", bodiless: [416] };
    const answer = await this.#ask(query);
    const { status, headers, body } = answer;
    if (missing.includes(status)) return undefined;
    if (status === 206 && isEncoded(headers)) return this.#getWhole(key, undefined, signal);
    if (status === 200) {
      this.#checkVersion(key, headers, known);
      this.#hasRanges = false;
      return body;
    }
    const size = status === 416 ? refusedLength(answer) : status === 206 ? partOf(answer, key)?.total : undefined;
    if (size === undefined)
      throw badAnswer(key, "no length of the value", "Content-Length or Content-Range", `${status}`);
    this.#checkVersion(key, headers, known);
    return size;
  }

  /** For a server that compresses values on their way, whose ranges are parts of the compressed bytes. */
  async #getWhole(
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    this.#hasRanges = false;
    const value = await this.get(key, signal === undefined ? {} : { signal });
    return value && sliceRange(value, range);
  }

  /** `known`: the version when the request was made, which a change in the meantime must not make to fit. */
  #checkVersion(key: string, headers: Headers, known: string | undefined): void {
    const found = headers.get("etag") ?? headers.get("last-modified");
    if (found === null) return;
    const expected = known ?? this.#versions.get(key);
    if (expected === undefined) this.#versions.set(key, found);
    else if (expected !== found)
      throw new RuntimeError("VALUE_CHANGED", "The value has changed since another part of it was read", {
        key,
        expected,
        found,
      });
  }

  #urlOf(key: string): URL {
    const url = new URL(this.#base);
    const segments = key.split("/").slice(1).map(encodeURIComponent);
    url.pathname = [url.pathname.replace(/\/$/, ""), ...segments].join("/");
    return url;
  }

  /** Asks until there is an answer that is not temporary. */
  async #ask(query: Query): Promise<Answer> {
    const { key, signal } = query;
    const { retries, retryDelayMs } = this.#options;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await this.#askOnce(query);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Passing)) throw error;
        if (attempt >= retries || error.waitMs > longestWaitMs) {
          const times = attempt === 0 ? "" : ` ${attempt + 1} times`;
          throw new RuntimeError("STORE_ERROR", `Request failed${times}: ${error.message}`, {
            key,
            cause: error.cause,
          });
        }
        // Spread out, so that what failed together does not come back together.
        const delay = Math.min(longestWaitMs, retryDelayMs * 2 ** attempt) * (0.5 + Math.random() / 2);
        await wait(Math.max(delay, error.waitMs), signal);
      }
    }
  }

  async #askOnce(query: Query): Promise<Answer> {
    const { key, signal, method = "GET", range, bodiless = [] } = query;
    const headers = range === undefined ? this.#options.headers : { ...this.#options.headers, Range: range };
    const cache = this.#changed.has(key) ? "no-cache" : "default";
    const request = new Request(this.#urlOf(key), { method, headers, cache, signal: signal ?? null });
    const response = await passing(() => this.#options.fetch(request));
    const { status } = response;
    const isOfNoUse =
      method === "HEAD" ||
      temporary.includes(status) ||
      missing.includes(status) ||
      bodiless.includes(status) ||
      (status === 206 && isEncoded(response.headers));
    if (isOfNoUse) await response.body?.cancel();
    if (temporary.includes(status)) throw new Passing(`status ${status}`, retryAfterMs(response.headers));
    const body = isOfNoUse ? new Uint8Array(0) : new Uint8Array(await passing(() => response.arrayBuffer()));
    if (!isOfNoUse) checkLength({ status, headers: response.headers, body }, key);
    return { status, headers: response.headers, body };
  }
}

/** What `fetch` itself throws is a connection that failed. */
async function passing<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const causes = [error, error instanceof Error ? error.cause : undefined].filter((each) => each instanceof Error);
    throw new Passing(causes.map(({ message }) => message).join(": ") || String(error), 0, error);
  }
}

/** Throws for a body that has not the length that its headers announce. */
function checkLength(answer: Answer, key: string): void {
  const { status, headers, body } = answer;
  if (isEncoded(headers)) return;
  const part = status === 206 ? partOf(answer, key) : undefined;
  const announced = part === undefined ? headers.get("content-length") : part.last - part.first + 1;
  if (announced === null || Number(announced) === body.byteLength) return;
  throw new Passing(`body of ${body.byteLength} bytes where ${announced} were announced`, 0);
}
