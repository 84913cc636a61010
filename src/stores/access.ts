/**
 * What the drivers see of a store: one synchronous and one asynchronous surface, whatever kind of store the caller brought.
 */

import { RuntimeError, SyncodecError } from "../errors.js";
import { sliceRange } from "./range.js";
import type { AsyncStore, ByteRange, RequestOptions, Store, SyncStore } from "./store.js";

/** The synchronous surface. `get` without range support in the store slices the whole value. */
export interface SyncAccess {
  /** Whether a range costs less than the whole value. */
  readonly hasRanges: boolean;
  get(key: string, range?: ByteRange): Uint8Array | undefined;
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  readInto: SyncStore["readIntoSync"];
  list: SyncStore["listSync"];
  lock: SyncStore["lockSync"];
}

export interface AsyncAccess {
  readonly hasRanges: boolean;
  get(key: string, range: ByteRange | undefined, options: RequestOptions): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  list: ((prefix: string) => AsyncIterable<string> | Iterable<string>) | undefined;
  lock: AsyncStore["lock"];
}

export interface StoreAccess {
  readonly store: Store;
  /** `undefined` if the store can only answer asynchronously. */
  readonly sync: SyncAccess | undefined;
  readonly async: AsyncAccess;
}

function isSyncStore(store: Store): store is SyncStore {
  return "getSync" in store && typeof store.getSync === "function";
}

function isAsyncStore(store: Store): store is AsyncStore {
  return "get" in store && typeof store.get === "function";
}

type Operation = "read" | "write" | "delete" | "list" | "lock";

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
    get: (key, range) => guard("read", key, () => store.getSync(key, range)),
    set: (key, value) => guard("write", key, () => store.setSync(key, value)),
    delete: (key) => guard("delete", key, () => store.deleteSync(key)),
    readInto:
      store.readIntoSync && ((key, range, target) => guard("read", key, () => store.readIntoSync!(key, range, target))),
    list: store.listSync?.bind(store),
    lock: store.lockSync && ((key) => guard("lock", key, () => store.lockSync!(key))),
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
      if (range !== undefined && getRange !== undefined)
        return guard("read", key, () => getRange.call(map, key, range));
      const value = guard("read", key, () => map.get(key));
      return value && sliceRange(value, range);
    },
    set: (key, value) => void guard("write", key, () => map.set(key, value)),
    delete: (key) => void guard("delete", key, () => map.delete(key)),
    readInto: undefined,
    list: function* (prefix) {
      for (const key of map.keys()) if (key.startsWith(prefix)) yield key;
    },
    lock: undefined,
  };
}

function asyncAccess(store: AsyncStore): AsyncAccess {
  return {
    hasRanges: store.getRange !== undefined,
    get: async (key, range, options) => {
      if (range !== undefined && store.getRange !== undefined)
        return guardAsync("read", key, () => store.getRange!(key, range, options));
      const value = await guardAsync("read", key, () => store.get(key, options));
      return value && sliceRange(value, range);
    },
    set: async (key, value) => {
      if (store.set === undefined) throw lacks("set", key, ": it is read-only");
      await guardAsync("write", key, () => store.set!(key, value));
    },
    delete: async (key) => {
      if (store.delete !== undefined) {
        await guardAsync("delete", key, () => store.delete!(key));
      } else if ((await guardAsync("read", key, () => store.get(key))) !== undefined) {
        throw lacks("delete", key, ", which an empty chunk needs: open the array with writeEmptyChunks: true");
      }
    },
    list: store.list && ((prefix) => store.list!(prefix)),
    lock: store.lock && (async (key) => guardAsync("lock", key, () => store.lock!(key))),
  };
}

/** The asynchronous surface of a store that has only a synchronous one. */
function promised(sync: SyncAccess): AsyncAccess {
  return {
    hasRanges: sync.hasRanges,
    get: async (key, range) => sync.get(key, range),
    set: async (key, value) => sync.set(key, value),
    delete: async (key) => sync.delete(key),
    list: sync.list,
    lock: sync.lock && (async (key) => sync.lock!(key)),
  };
}

/** Looks at what `store` can do. Throws a `TypeError` if it is no store. */
export function accessStore(store: Store): StoreAccess {
  if (typeof store !== "object" || store === null)
    throw new TypeError("A store must be an object with get or getSync, or a Map");
  if (store instanceof Map) {
    const sync = mapAccess(store);
    return { store, sync, async: promised(sync) };
  }
  if (isSyncStore(store)) {
    const sync = syncAccess(store);
    return { store, sync, async: isAsyncStore(store) ? asyncAccess(store) : promised(sync) };
  }
  if (isAsyncStore(store)) return { store, sync: undefined, async: asyncAccess(store) };
  throw new TypeError("A store must be an object with get or getSync, or a Map");
}
