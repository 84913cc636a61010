/** The synchronous and the asynchronous side of a store behind one interface, so that one suite runs over both. */
import type { AsyncStore, ByteRange, Patch, SyncStore } from "../../src/stores/store.js";

type Answer<T> = T | Promise<T>;

export interface Surface {
  get(key: string, range?: ByteRange): Answer<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Answer<void>;
  delete(key: string): Answer<unknown>;
  list(prefix: string): AsyncIterable<string> | Iterable<string>;
  size(key: string): Answer<number | undefined>;
  setRange?: ((key: string, value: Uint8Array, offset: number) => Answer<void>) | undefined;
  patch?: ((key: string, patch: Patch) => Answer<void>) | undefined;
  readInto?: ((key: string, range: ByteRange | undefined, target: Uint8Array) => number | undefined) | undefined;
}

type FullSyncStore = SyncStore & Required<Pick<SyncStore, "listSync" | "sizeSync">>;

export function syncSurface(store: FullSyncStore): Surface {
  return {
    get: (key, range) => store.getSync(key, range),
    set: (key, value) => store.setSync(key, value),
    delete: (key) => store.deleteSync(key),
    list: (prefix) => store.listSync(prefix),
    size: (key) => store.sizeSync(key),
    setRange: store.setRangeSync?.bind(store),
    patch: store.patchSync?.bind(store),
    readInto: store.readIntoSync?.bind(store),
  };
}

export function asyncSurface(store: AsyncStore): Surface {
  return {
    get: (key, range) => (range === undefined ? store.get(key) : store.getRange?.(key, range)),
    set: (key, value) => store.set?.(key, value),
    delete: (key) => store.delete?.(key),
    list: (prefix) => store.list?.(prefix) ?? [],
    size: (key) => store.size?.(key),
    setRange: store.setRange?.bind(store),
    patch: store.patch?.bind(store),
  };
}
