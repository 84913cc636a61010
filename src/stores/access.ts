/**
 * What the drivers see of a store: one synchronous and one asynchronous surface, whatever kind of store the caller brought.
 */

import { RuntimeError, SyncodecError } from "../errors.js";
import { MemoryStore } from "./memory.js";
import { openBytes, sliceRange } from "./range.js";
import type { AsyncStore, ByteRange, OpenValue, Patch, RequestOptions, Store, SyncStore } from "./store.js";
import { writeCountsOf } from "./write_counts.js";

/** The synchronous surface. `get` without range support in the store slices the whole value. */
export interface SyncAccess {
  /** Whether a range costs less than the whole value. */
  readonly hasRanges: boolean;
  get(key: string, range?: ByteRange): Uint8Array | undefined;
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Writes inside an existing value. `undefined` if the store cannot. */
  patch: ((key: string, patch: Patch) => void) | undefined;
  /** Whether that takes all that a {@link Patch} says; else it writes within the value's length, and that alone. */
  readonly takesPatches: boolean;
  readInto: SyncStore["readIntoSync"];
  open: SyncStore["openSync"];
  size: SyncStore["sizeSync"];
  list: SyncStore["listSync"];
  lock: SyncStore["lockSync"];
  /** Whether the store may be given views of larger buffers to keep, where that is cheaper. */
  readonly takesViews: boolean;
  /** As in {@link SyncStore}. */
  readonly copiesValues: boolean;
}

export interface AsyncAccess {
  readonly hasRanges: boolean;
  get(key: string, range: ByteRange | undefined, options: RequestOptions): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  patch: ((key: string, patch: Patch) => Promise<void>) | undefined;
  readonly takesPatches: boolean;
  open: AsyncStore["open"];
  size: ((key: string) => Promise<number | undefined>) | undefined;
  list: ((prefix: string) => AsyncIterable<string> | Iterable<string>) | undefined;
  lock: AsyncStore["lock"];
  /**
   * A version that changes with every write through this store object; `undefined` where the store can tell versions, or is a `Map`, which
   * is written without it. What others write it does not show: enough to read by, not to write by.
   */
  ownVersion: ((key: string) => string) | undefined;
  /** How often the store has thrown `VALUE_CHANGED`: what was read before must not be used with what is read after. */
  changes(): number;
}

export interface StoreAccess {
  readonly store: Store;
  /** `undefined` if the store can only answer asynchronously. */
  readonly sync: SyncAccess | undefined;
  readonly async: AsyncAccess;
  /** Whether the store can change part of a value, in every way that it can be used. */
  readonly canPatch: boolean;
  /** Whether it can make a value longer by it, too. */
  readonly canAppend: boolean;
}

/** Whether the store has the whole synchronous surface: one with half of it would fail in the middle of an operation. */
function isSyncStore(store: Store): store is SyncStore {
  const has = (name: string): boolean => typeof Reflect.get(store, name) === "function";
  // A store that locks, but not synchronously, must not be written without its lock.
  return has("getSync") && has("setSync") && has("deleteSync") && (has("lockSync") || !has("lock"));
}

function isAsyncStore(store: Store): store is AsyncStore {
  return "get" in store && typeof store.get === "function";
}

type Operation = "read" | "write" | "patch" | "delete" | "list" | "lock";

/** An error of the store, with the key; ours and an abort's pass as they are. */
function storeError(error: unknown, operation: Operation, key: string): unknown {
  if (error instanceof SyncodecError || (error instanceof Error && error.name === "AbortError")) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeError("STORE_ERROR", `Store failed to ${operation}: ${message}`, { key, cause: error });
}

function guard<T>(operation: Operation, key: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw storeError(error, operation, key);
  }
}

async function guardAsync<T>(operation: Operation, key: string, body: () => Promise<T> | T): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw storeError(error, operation, key);
  }
}

function lacks(what: string, key: string, advice = ""): RuntimeError {
  return new RuntimeError("STORE_ERROR", `Store has no ${what}${advice}`, { key });
}

function syncAccess(store: SyncStore): SyncAccess {
  return {
    hasRanges: true,
    get: (key, range) => {
      // Not with `guard`: a closure for each chunk that is read.
      try {
        return store.getSync(key, range);
      } catch (error) {
        throw storeError(error, "read", key);
      }
    },
    set: (key, value) => {
      try {
        store.setSync(key, value);
      } catch (error) {
        throw storeError(error, "write", key);
      }
    },
    delete: (key) => guard("delete", key, () => store.deleteSync(key)),
    patch: syncPatch(store),
    takesPatches: store.patchSync !== undefined,
    readInto:
      store.readIntoSync &&
      ((key, range, target) => {
        try {
          return store.readIntoSync!(key, range, target);
        } catch (error) {
          throw storeError(error, "read", key);
        }
      }),
    open: store.openSync && ((key) => guard("read", key, () => store.openSync!(key))),
    size: store.sizeSync && ((key) => guard("read", key, () => store.sizeSync!(key))),
    list: store.listSync?.bind(store),
    lock: store.lockSync && ((key) => guard("lock", key, () => store.lockSync!(key))),
    takesViews: store instanceof MemoryStore,
    copiesValues: store.copiesValues === true,
  };
}

/** `patchSync`, or else `setRangeSync` write by write: then only each write by itself is old or new. */
function syncPatch(store: SyncStore): SyncAccess["patch"] {
  if (store.patchSync !== undefined) return (key, patch) => guard("patch", key, () => store.patchSync!(key, patch));
  if (store.setRangeSync === undefined) return undefined;
  return (key, { writes }) => {
    for (const { offset, bytes } of writes) guard("patch", key, () => store.setRangeSync!(key, bytes, offset));
  };
}

function asyncPatch(store: AsyncStore): AsyncAccess["patch"] {
  if (store.patch !== undefined) return (key, patch) => guardAsync("patch", key, () => store.patch!(key, patch));
  if (store.setRange === undefined) return undefined;
  return async (key, { writes }) => {
    for (const { offset, bytes } of writes) await guardAsync("patch", key, () => store.setRange!(key, bytes, offset));
  };
}

/** A `Map`, or a subclass of it with its own `getRange`, answers at once. */
function mapAccess(
  map: Map<string, Uint8Array> & { getRange?(key: string, range: ByteRange): Uint8Array | undefined },
): SyncAccess {
  const { getRange } = map;
  return {
    hasRanges: getRange !== undefined,
    get: (key, range) => {
      try {
        if (range !== undefined && getRange !== undefined) {
          const bytes = getRange.call(map, key, range);
          if (fitsRange(bytes, range)) return bytes;
        }
        const value = map.get(key);
        return value && sliceRange(value, range);
      } catch (error) {
        throw storeError(error, "read", key);
      }
    },
    set: (key, value) => {
      try {
        map.set(key, value);
      } catch (error) {
        throw storeError(error, "write", key);
      }
    },
    delete: (key) => void guard("delete", key, () => map.delete(key)),
    patch: undefined,
    takesPatches: false,
    readInto: undefined,
    // With a `getRange` of its own, `get` may be the dear way.
    open: getRange === undefined ? (key) => openMapValue(map, key) : undefined,
    size: (key) => guard("read", key, () => map.get(key)?.byteLength),
    list: function* (prefix) {
      for (const key of map.keys()) if (key.startsWith(prefix)) yield key;
    },
    lock: undefined,
    takesViews: false,
    copiesValues: false,
  };
}

function openMapValue(map: ReadonlyMap<string, Uint8Array>, key: string): OpenValue | undefined {
  const value = guard("read", key, () => map.get(key));
  return value && openBytes(value, () => map.get(key));
}

/** Whether `bytes` can be what the store holds in `range`: a server without range requests answers with the whole value. */
function fitsRange(bytes: Uint8Array | undefined, range: ByteRange): boolean {
  return bytes === undefined || bytes.byteLength <= ("suffixLength" in range ? range.suffixLength : range.length);
}

function asyncAccess(store: AsyncStore): AsyncAccess {
  const writes = "openSync" in store && store.openSync !== undefined ? undefined : writeCountsOf(store);
  const patch = asyncPatch(store);
  let answersRanges = store.getRange !== undefined;
  const hasRanges = (): boolean => answersRanges && store.hasRanges !== false;
  const read = async <T>(key: string, body: () => Promise<T> | T): Promise<T> => {
    const version = writes?.versionOf(key);
    try {
      return await guardAsync("read", key, body);
    } catch (error) {
      // Of several requests that were under way, the first one tells of the change.
      const isNews =
        error instanceof RuntimeError && error.code === "VALUE_CHANGED" && writes?.versionOf(key) === version;
      if (isNews) {
        writes?.addChange(key);
        store.forget?.(key);
      }
      throw error;
    }
  };
  return {
    get hasRanges() {
      return hasRanges();
    },
    get: async (key, range, options) => {
      if (range !== undefined && hasRanges()) {
        const bytes = await read(key, () => store.getRange!(key, range, options));
        if (fitsRange(bytes, range)) return bytes;
        answersRanges = false;
      }
      const value = await read(key, () => store.get(key, options));
      return value && sliceRange(value, range);
    },
    set: async (key, value) => {
      writes?.add(key);
      if (store.set === undefined) throw lacks("set", key, ": it is read-only");
      await guardAsync("write", key, () => store.set!(key, value));
    },
    delete: async (key) => {
      writes?.add(key);
      if (store.delete !== undefined) {
        try {
          await store.delete(key);
        } catch (error) {
          // zarrita's FileSystemStore rejects for a key that is not there.
          if ((await guardAsync("read", key, () => store.get(key))) !== undefined)
            throw storeError(error, "delete", key);
        }
      } else if ((await guardAsync("read", key, () => store.get(key))) !== undefined) {
        throw lacks("delete", key, ", which an empty chunk needs: open the array with writeEmptyChunks: true");
      }
    },
    patch:
      patch &&
      (async (key, changes) => {
        writes?.add(key);
        await patch(key, changes);
      }),
    takesPatches: store.patch !== undefined,
    open: store.open && ((key) => guardAsync("read", key, () => store.open!(key))),
    size: store.size && ((key) => guardAsync("read", key, () => store.size!(key))),
    list: store.list && ((prefix) => store.list!(prefix)),
    lock: store.lock && (async (key) => guardAsync("lock", key, () => store.lock!(key))),
    ownVersion: writes && ((key) => writes.versionOf(key)),
    changes: () => writes?.changes ?? 0,
  };
}

/** The asynchronous surface of a store that has only a synchronous one. */
function promised(sync: SyncAccess): AsyncAccess {
  return {
    hasRanges: sync.hasRanges,
    get: async (key, range) => sync.get(key, range),
    set: async (key, value) => sync.set(key, value),
    delete: async (key) => sync.delete(key),
    patch: sync.patch && (async (key, patch) => sync.patch!(key, patch)),
    takesPatches: sync.takesPatches,
    open: sync.open && (async (key) => sync.open!(key)),
    size: sync.size && (async (key) => sync.size!(key)),
    list: sync.list,
    lock: sync.lock && (async (key) => sync.lock!(key)),
    ownVersion: undefined,
    changes: () => 0,
  };
}

const notAStore = "A store must be an object with get, or with getSync, setSync and deleteSync, or a Map";

/** Looks at what `store` can do. Throws a `TypeError` if it is no store. */
export function accessStore(store: Store): StoreAccess {
  if (typeof store !== "object" || store === null) throw new TypeError(notAStore);
  if (store instanceof Map) {
    const sync = mapAccess(store);
    return access(store, sync, promised(sync));
  }
  if (isSyncStore(store)) {
    const sync = syncAccess(store);
    return access(store, sync, isAsyncStore(store) ? asyncAccess(store) : promised(sync));
  }
  if (isAsyncStore(store)) return access(store, undefined, asyncAccess(store));
  throw new TypeError(notAStore);
}

function access(store: Store, sync: SyncAccess | undefined, async: AsyncAccess): StoreAccess {
  const canPatch = async.patch !== undefined && (sync === undefined || sync.patch !== undefined);
  const canAppend = async.takesPatches && (sync === undefined || sync.takesPatches);
  return { store, sync, async, canPatch, canAppend };
}
