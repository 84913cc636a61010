/**
 * Makes any store asynchronous and slow: a stand-in for a remote store in tests and benchmarks.
 *
 * @example
 * ```ts
 * import { LatencyStore, MemoryStore } from "syncodec";
 * const remote = new LatencyStore(new MemoryStore(), { getMs: 20, setMs: 50 });
 * await remote.set("/c/0", new Uint8Array([1, 2, 3])); // 50 ms later
 * ```
 */
import { RuntimeError } from "../errors.js";
import { sliceRange } from "./range.js";
import type { AsyncStore, ByteRange, Patch, RequestOptions, Store, SyncStore } from "./store.js";

/** How long requests of a {@link LatencyStore} take. */
export interface LatencyOptions {
  /** Milliseconds before a get, range, size or list request is answered. Default 0: the answer comes in a later microtask. */
  readonly getMs?: number;
  /** Milliseconds before a set, delete or patch request takes effect. Default 0. */
  readonly setMs?: number;
}

/**
 * An asynchronous-only view of a store; requests run side by side, each with its own latency. Optional capabilities (`list`, `size`,
 * `setRange`, `patch`, `lock`) exist where the wrapped store has them. Ranges of a store without `getRange` are cut from the whole value.
 */
export class LatencyStore implements AsyncStore {
  declare readonly list?: (prefix: string) => AsyncIterable<string>;
  declare readonly size?: (key: string) => Promise<number | undefined>;
  declare readonly setRange?: (key: string, value: Uint8Array, offset: number) => Promise<void>;
  declare readonly patch?: (key: string, patch: Patch) => Promise<void>;
  declare readonly lock?: (key: string) => Promise<() => Promise<void> | void>;
  readonly #store: AsyncStore;
  readonly #getMs: number;
  readonly #setMs: number;

  constructor(store: Store, { getMs = 0, setMs = 0 }: LatencyOptions = {}) {
    const inner = asyncSurface(store);
    this.#store = inner;
    this.#getMs = getMs;
    this.#setMs = setMs;
    const { list, size, setRange, patch, lock } = inner;
    if (list !== undefined) {
      this.list = async function* (prefix) {
        await delay(getMs);
        yield* list.call(inner, prefix);
      };
    }
    if (size !== undefined) {
      this.size = async (key) => {
        await delay(getMs);
        return size.call(inner, key);
      };
    }
    if (setRange !== undefined) {
      this.setRange = async (key, value, offset) => {
        await delay(setMs);
        await setRange.call(inner, key, value, offset);
      };
    }
    if (patch !== undefined) {
      this.patch = async (key, change) => {
        await delay(setMs);
        await patch.call(inner, key, change);
      };
    }
    if (lock !== undefined) this.lock = async (key) => lock.call(inner, key);
  }

  async get(key: string, options?: RequestOptions): Promise<Uint8Array | undefined> {
    await delay(this.#getMs, options?.signal);
    return this.#store.get(key, options);
  }

  async getRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | undefined> {
    await delay(this.#getMs, options?.signal);
    if (this.#store.getRange !== undefined) return this.#store.getRange(key, range, options);
    const value = await this.#store.get(key, options);
    return value === undefined ? undefined : sliceRange(value, range);
  }

  /** @throws RuntimeError `STORE_ERROR` if the wrapped store is read-only. */
  async set(key: string, value: Uint8Array): Promise<void> {
    await delay(this.#setMs);
    if (this.#store.set === undefined) throw new RuntimeError("STORE_ERROR", "the store is read-only", { key });
    await this.#store.set(key, value);
  }

  /** @throws RuntimeError `STORE_ERROR` if the wrapped store cannot delete. */
  async delete(key: string): Promise<void> {
    await delay(this.#setMs);
    if (this.#store.delete === undefined) throw new RuntimeError("STORE_ERROR", "the store cannot delete", { key });
    await this.#store.delete(key);
  }
}

async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (milliseconds <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function asyncSurface(store: Store): AsyncStore {
  if (store instanceof Map) return mapSurface(store);
  return "get" in store ? store : syncSurface(store);
}

function mapSurface(map: Map<string, Uint8Array>): AsyncStore {
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    delete: (key) => map.delete(key),
    list: (prefix) => [...map.keys()].filter((key) => key.startsWith(prefix)),
    size: (key) => map.get(key)?.byteLength,
  };
}

function syncSurface(store: SyncStore): AsyncStore {
  const { listSync, sizeSync, setRangeSync, patchSync, lockSync } = store;
  return {
    get: (key) => store.getSync(key),
    getRange: (key, range) => store.getSync(key, range),
    set: (key, value) => store.setSync(key, value),
    delete: (key) => store.deleteSync(key),
    ...(listSync && { list: (prefix) => listSync.call(store, prefix) }),
    ...(sizeSync && { size: (key) => sizeSync.call(store, key) }),
    ...(setRangeSync && { setRange: (key, value, offset) => setRangeSync.call(store, key, value, offset) }),
    ...(patchSync && { patch: (key, patch) => patchSync.call(store, key, patch) }),
    ...(lockSync && { lock: (key) => lockSync.call(store, key) }),
  };
}
