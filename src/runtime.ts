/** Options of running plans, with their defaults: what an array is opened with besides its metadata. */

import type { SubchunkWriteOrder } from "./codecs/sharding_indexed.js";
import { ArgumentError, RuntimeError } from "./errors.js";
import type { CoalesceOptions } from "./pipeline/fetches.js";
import { type IndexCache, indexCacheOf } from "./pipeline/index_cache.js";
import { checkMaxWorkers } from "./pipeline/max_workers.js";
import type { StoreAccess, SyncAccess } from "./stores/access.js";

/** How an array reads and writes. All have defaults. */
export interface RuntimeOptions {
  /** Driver of `get` and `set`: by default the synchronous one wherever store and codecs allow it. */
  readonly pipeline?: "sync" | "batched";
  /** Store chunks also when every element equals the fill value. Default false. */
  readonly writeEmptyChunks?: boolean;
  /** Whether a missing chunk reads as the fill value (default) or is an error. */
  readonly readMissingChunks?: boolean;
  /** Whether shards may be changed in place, and appended to, where the store can do that. Default true. */
  readonly patch?: boolean;
  /**
   * Inner chunks that change their size are appended to their shard, where the store can do that, and the bytes of the old ones stay
   * unused. A shard of which more than this share would be unused is rewritten instead: 0 leaves none, 1 never rewrites. Default 0.5.
   */
  readonly compactionThreshold?: number;
  /**
   * Which byte ranges of one value are read together. Default: gaps up to 16 KiB in stores that answer at once, up to 128 KiB in others, where
   * a request is dearer; joined ranges up to 64 MiB.
   */
  readonly coalesce?: Partial<CoalesceOptions>;
  /**
   * Decoded shard indexes that are kept, in bytes; 0 keeps none. Default 64 MiB. One is used as long as its value has the same version. Where
   * a store cannot tell versions (asynchronous ones), that is until something is written through the store object: if others write to
   * the same shards meanwhile, keep none.
   */
  readonly indexCacheBytes?: number;
  /** Asynchronous store requests in flight at once. Default 2048; those of chunks with more than 256 MiB together, decoded, wait as well. */
  readonly concurrency?: number;
  /**
   * Threads that work on one call at once, the calling one included; 0 and 1 mean that it works alone. Default: what `configure` says, else all
   * that the host can run at once, in threads that the program has started itself 1. Anything but a whole number from 0 gives a warning and
   * the default.
   */
  readonly maxWorkers?: number | undefined;
  /** Order in which the inner chunks of a fresh shard are stored. Default "morton". */
  readonly subchunkWriteOrder?: SubchunkWriteOrder;
}

export const defaultCoalesce: CoalesceOptions = { maxGapBytes: 16 * 1024, maxBytes: 64 * 2 ** 20 };
/** Round trips of some 10 ms at 10 MB/s and more: reading 128 KiB in vain costs less than another request. */
const remoteGapBytes = 128 * 1024;

export interface Runtime {
  readonly pipeline: "sync" | "batched" | undefined;
  readonly writeEmptyChunks: boolean;
  readonly readMissingChunks: boolean;
  readonly canPatch: boolean;
  readonly canAppend: boolean;
  readonly compactionThreshold: number;
  readonly canOpen: boolean;
  readonly indexCache: IndexCache | undefined;
  readonly coalesce: CoalesceOptions;
  readonly concurrency: number;
  /** `undefined` = what is configured when a call is made. */
  readonly maxWorkers: number | undefined;
  readonly subchunkWriteOrder: SubchunkWriteOrder;
}

function checkOneOf<T extends string>(name: string, value: T | undefined, options: readonly T[]): void {
  if (value === undefined || options.includes(value)) return;
  throw new ArgumentError("INVALID_ARGUMENT", `Invalid option ${name}`, {
    expected: options.map((option) => `"${option}"`).join(" or "),
    found: String(value),
  });
}

function checkCount(name: string, value: number, minimum: number): void {
  if (Number.isInteger(value) && value >= minimum) return;
  throw new ArgumentError("INVALID_ARGUMENT", `Invalid option ${name}`, {
    expected: `an integer of at least ${minimum}`,
    found: String(value),
  });
}

function checkShare(name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value <= 1) return;
  throw new ArgumentError("INVALID_ARGUMENT", `Invalid option ${name}`, {
    expected: "a number from 0 to 1",
    found: String(value),
  });
}

/** Checks the options and fills in the defaults, for a store that offers `access`. */
export function resolveRuntime(options: RuntimeOptions, access: StoreAccess): Runtime {
  const {
    pipeline,
    writeEmptyChunks = false,
    patch = true,
    compactionThreshold = 0.5,
    indexCacheBytes = 64 * 2 ** 20,
    readMissingChunks = true,
    concurrency = 2048,
    subchunkWriteOrder = "morton",
  } = options;
  checkOneOf("pipeline", pipeline, ["sync", "batched"]);
  checkOneOf("subchunkWriteOrder", subchunkWriteOrder, ["morton", "lexicographic", "colexicographic", "unordered"]);
  checkCount("concurrency", concurrency, 1);
  checkShare("compactionThreshold", compactionThreshold);
  const gap = access.sync === undefined ? remoteGapBytes : defaultCoalesce.maxGapBytes;
  const coalesce = { ...defaultCoalesce, maxGapBytes: gap, ...options.coalesce };
  checkCount("coalesce.maxGapBytes", coalesce.maxGapBytes, 0);
  checkCount("coalesce.maxBytes", coalesce.maxBytes, 1);
  checkCount("indexCacheBytes", indexCacheBytes, 0);
  const canPatch = patch && access.canPatch;
  const indexCache = indexCacheBytes === 0 ? undefined : indexCacheOf(access.store, indexCacheBytes);
  return {
    pipeline,
    writeEmptyChunks,
    readMissingChunks,
    canPatch,
    canAppend: patch && access.canAppend,
    compactionThreshold,
    canOpen: (access.sync ?? access.async).open !== undefined,
    indexCache,
    coalesce,
    concurrency,
    maxWorkers: checkMaxWorkers(options.maxWorkers),
    subchunkWriteOrder,
  };
}

/** The store's synchronous surface. */
export function requireSync({ sync }: StoreAccess): SyncAccess {
  if (sync === undefined) {
    throw new RuntimeError(
      "NOT_SYNCHRONOUS",
      "The store can only answer asynchronously: use the functions without Sync in their name",
    );
  }
  return sync;
}
