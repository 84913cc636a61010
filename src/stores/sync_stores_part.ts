/** What drivers see of stores that answer at once. */

import type { AsyncAccess, SyncAccess } from "./access.js";
import { fitsRange, openBytes, sliceRange } from "./range.js";
import type { ByteRange, OpenValue, SyncStore } from "./store.js";
import { type Operation, storeError } from "./store_error.js";

function guard<T>(operation: Operation, key: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw storeError(error, operation, key);
  }
}

/** That of a store with the whole of it. */
export function syncAccess(store: SyncStore): SyncAccess {
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
    takesViews: Reflect.get(store, "takesViews") === true,
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

/** A `Map`, or a subclass of it with its own `getRange`, answers at once. */
export function mapAccess(
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

/** The asynchronous surface of a store that has only a synchronous one. */
export function promised(sync: SyncAccess): AsyncAccess {
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
