/**
 * What a store of the origin private file system and the I/O worker say to each other. Requests are messages, in order. An answer is a message
 * too, or, for a thread that sleeps until it is there, lies in shared memory:
 *
 * ```
 * words 0 to 3 | state | kind | length in bytes, or the length that there would have to be | unused |
 * from byte 16 | the value, or JSON in UTF-8                                                       |
 * ```
 */

import { ArgumentError, type ErrorCode, type ErrorDetails, RuntimeError, SyncodecError } from "../errors.js";
import type { Durability } from "../stores/durability.js";
import type { Keep } from "../stores/durable.js";
import type { ByteRange, Patch } from "../stores/store.js";

/** Names that begin so are the store's own. */
export const hiddenPrefix = "__";

export type Operation =
  /** `version` is that of the value which an earlier answer told: another is refused. */
  | {
      readonly kind: "get";
      readonly key: string;
      readonly range: ByteRange | undefined;
      readonly version?: string;
    }
  | { readonly kind: "size" | "open" | "delete" | "lock"; readonly key: string }
  | { readonly kind: "set"; readonly key: string; readonly value: Uint8Array; readonly durability: Durability }
  | { readonly kind: "patch"; readonly key: string; readonly patch: Patch; readonly durability: Durability }
  | { readonly kind: "recover"; readonly key: string; readonly keep: Keep | undefined }
  | { readonly kind: "list"; readonly prefix: string };

/** What "open" tells of a value. */
export interface ValueState {
  readonly byteLength: number;
  readonly version: string;
}

/** A message from a store. */
export type Request =
  | { readonly id: number; readonly operation: Operation; readonly reply: SharedArrayBuffer | undefined }
  /** Gives back the lock that a request of this number has taken, or waits for; closes the value that it has opened. */
  | { readonly unlock: number }
  /** Another store over the same directory will speak by this port. */
  | { readonly connect: MessagePort }
  /** The store's thread has the Web Lock of this name for as long as it lives. */
  | { readonly alive: string }
  | { readonly close: true };

/** What the I/O worker is sent to serve a store: the directory that its keys are in. */
export interface Connection {
  readonly root: string | FileSystemDirectoryHandle;
  readonly port: MessagePort;
}

export type Answer = Uint8Array | number | string | readonly string[] | ValueState | undefined;

/** A message to a store. */
export type Reply =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly failure: Failure };

/** A {@link SyncodecError} on its way: classes do not survive a message. */
export interface Failure {
  readonly isArgument: boolean;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly details: ErrorDetails;
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof SyncodecError)) return failureOf(new RuntimeError("STORE_ERROR", String(error)));
  const { code, reason, expected, found, key, offset } = error;
  return { isArgument: error instanceof ArgumentError, code, reason, details: { expected, found, key, offset } };
}

export function errorOf({ isArgument, code, reason, details }: Failure): SyncodecError {
  return isArgument ? new ArgumentError(code, reason, details) : new RuntimeError(code, reason, details);
}

const headerBytes = 16;
const state = { waiting: 0, answered: 1 } as const;
const kinds = ["nothing", "bytes", "json", "failure", "too-large"] as const;

/** An answer as it is found in shared memory. */
export type SharedAnswer =
  | { readonly kind: "nothing" }
  /** A view: to be copied before the next request. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "failure"; readonly failure: Failure }
  /** The answer has this many bytes, and the memory fewer. */
  | { readonly kind: "too-large"; readonly byteLength: number };

/** Shared memory for one answer at a time. */
export class SharedReply {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, headerBytes / Int32Array.BYTES_PER_ELEMENT);
  }

  static allocate(byteLength: number): SharedReply {
    return new SharedReply(new SharedArrayBuffer(headerBytes + byteLength));
  }

  /** Bytes that an answer may have. */
  get capacity(): number {
    return this.buffer.byteLength - headerBytes;
  }

  bytes(byteLength: number): Uint8Array {
    return new Uint8Array(this.buffer, headerBytes, byteLength);
  }

  /** To be called before the request is sent. */
  reset(): void {
    Atomics.store(this.#words, 0, state.waiting);
  }

  /** Says that the answer is there, and wakes the thread that waits for it. */
  #finish(kind: (typeof kinds)[number], byteLength: number): void {
    this.#words[1] = kinds.indexOf(kind);
    this.#words[2] = byteLength;
    Atomics.store(this.#words, 0, state.answered);
    Atomics.notify(this.#words, 0);
  }

  finishNothing(): void {
    this.#finish("nothing", 0);
  }

  /** The first `byteLength` of {@link bytes} have been written; or, where there is no room for so many, none of them. */
  finishBytes(byteLength: number): void {
    this.#finish(byteLength > this.capacity ? "too-large" : "bytes", byteLength);
  }

  finishText(kind: "json" | "failure", value: unknown): void {
    const text = new TextEncoder().encode(JSON.stringify(value));
    const fits = text.byteLength <= this.capacity;
    if (fits) this.bytes(text.byteLength).set(text);
    this.#finish(fits ? kind : "too-large", text.byteLength);
  }

  /** Sleeps until the answer is there; `undefined` if that takes too long. */
  wait(milliseconds: number): SharedAnswer | undefined {
    if (Atomics.wait(this.#words, 0, state.waiting, milliseconds) === "timed-out") return undefined;
    const byteLength = (this.#words[2] ?? 0) >>> 0;
    const kind = kinds[this.#words[1] ?? 0] ?? "nothing";
    if (kind === "nothing") return { kind };
    if (kind === "too-large") return { kind, byteLength };
    const bytes = this.bytes(byteLength);
    if (kind === "bytes") return { kind, bytes };
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.slice()));
    return kind === "json" ? { kind, value } : { kind, failure: value as Failure };
  }
}
