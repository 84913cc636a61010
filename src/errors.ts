/**
 * The errors of syncodec: one base class, a stable `code`, and fields that say what was expected, what was found, and where.
 *
 * The layer that detects a fault states `expected`, `found` and `offset`; the pipeline adds `codec`, `key` and `chunk` on the way up
 * (see {@link withContext}), so that a message always names the place in the store.
 */

/** Every code a {@link SyncodecError} can carry. */
export type ErrorCode =
  | "INVALID_METADATA"
  | "UNSUPPORTED"
  | "UNKNOWN_CODEC"
  | "CODEC_NOT_LOADED"
  | "NOT_SYNCHRONOUS"
  | "CORRUPT_DATA"
  | "CHECKSUM_MISMATCH"
  | "INVALID_SHARD_INDEX"
  | "MISSING_CHUNK"
  | "NODE_NOT_FOUND"
  | "NODE_EXISTS"
  | "INVALID_PATH"
  | "INVALID_SELECTION"
  | "INVALID_ARGUMENT"
  | "KEY_BUSY"
  | "LOCK_TIMEOUT"
  | "STORE_ERROR"
  | "VALUE_CHANGED"
  | "JOURNAL_CONFLICT"
  | "QUOTA_EXCEEDED"
  | "OUT_OF_MEMORY"
  | "KERNEL_TRAP";

/** Where and what: every field is optional and none changes after the error has left the library. */
export interface ErrorDetails {
  /** What the library required at this place. */
  readonly expected?: string | number | undefined;
  /** What it found instead. */
  readonly found?: string | number | undefined;
  /** Name of the codec that rejected the bytes. */
  readonly codec?: string | undefined;
  /** Store key, for example `/image/c/0/1`. */
  readonly key?: string | undefined;
  /** Coordinates of the inner chunk within its shard. */
  readonly chunk?: readonly number[] | undefined;
  /** Byte offset at which the input went bad. */
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

const detailNames = ["expected", "found", "codec", "key", "chunk", "offset"] as const;

function describe(reason: string, details: ErrorDetails): string {
  const parts: string[] = [];
  if (details.expected !== undefined) parts.push(`expected ${details.expected}`);
  if (details.found !== undefined) parts.push(`found ${details.found}`);
  if (details.offset !== undefined) parts.push(`at byte ${details.offset}`);
  if (details.codec !== undefined) parts.push(`codec ${details.codec}`);
  if (details.chunk !== undefined) parts.push(`inner chunk [${details.chunk.join(", ")}]`);
  if (details.key !== undefined) parts.push(`key ${details.key}`);
  return parts.length === 0 ? reason : `${reason} (${parts.join("; ")})`;
}

/** Base class of every error that syncodec throws on purpose. */
export class SyncodecError extends Error {
  readonly code: ErrorCode;
  /** The message without its details. */
  readonly reason: string;
  declare readonly expected?: string | number;
  declare readonly found?: string | number;
  declare readonly codec?: string;
  declare readonly key?: string;
  declare readonly chunk?: readonly number[];
  declare readonly offset?: number;

  constructor(code: ErrorCode, reason: string, details: ErrorDetails = {}) {
    super(describe(reason, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.reason = reason;
    for (const name of detailNames) {
      if (details[name] !== undefined) Object.defineProperty(this, name, { value: details[name], enumerable: true });
    }
  }
}

/** A metadata document, a codec configuration or a fill value that the specification forbids, or that this version cannot read. */
export class MetadataError extends SyncodecError {}
/** Stored bytes that cannot be what their metadata says. */
export class DataError extends SyncodecError {}
/** A node that is missing, or present where none may be. */
export class NodeError extends SyncodecError {}
/** A selection, path or other argument with a wrong value (a wrong type is a plain `TypeError`). */
export class ArgumentError extends SyncodecError {}
/** A store that failed or lacks a capability, a key locked by another call, or a codec that cannot run synchronously. */
export class RuntimeError extends SyncodecError {}

/** Something that a bundle holds apart is needed at once and not loaded; `load` brings it in. Asynchronous calls do that, and go on. */
export class NotLoadedError extends RuntimeError {
  readonly load: () => Promise<void>;

  /** `what` begins the message: "The codec gzip is". */
  constructor(what: string, load: () => Promise<void>) {
    super("CODEC_NOT_LOADED", `${what} not loaded: \`await init()\` once, before synchronous calls`);
    this.load = load;
  }
}

/** Returns `error` with `context` added where it has none yet; anything that is not a {@link SyncodecError} is returned as it is. */
export function withContext(error: unknown, context: Pick<ErrorDetails, "codec" | "key" | "chunk">): unknown {
  if (!(error instanceof SyncodecError) || error instanceof NotLoadedError) return error;
  const Class = error.constructor as new (code: ErrorCode, reason: string, details: ErrorDetails) => SyncodecError;
  return new Class(error.code, error.reason, {
    expected: error.expected,
    found: error.found,
    offset: error.offset,
    codec: error.codec ?? context.codec,
    chunk: error.chunk ?? context.chunk,
    key: error.key ?? context.key,
    cause: error.cause,
  });
}
