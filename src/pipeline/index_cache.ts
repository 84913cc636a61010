/**
 * Decoded shard indexes, kept between calls: one cache per store object, shared by its arrays, bounded in bytes, least recently used out first.
 *
 * An entry holds only for the version of the value that it was read from, so that a write by anyone makes it useless.
 */

import type { BoundShard, ShardIndex } from "../codecs/sharding_indexed.js";

type Version = string | object;

interface Entry {
  readonly version: Version;
  readonly index: ShardIndex;
}

const caches = new WeakMap<object, IndexCache>();

/** The cache of `store`, with room for at least `byteLimit` bytes. */
export function indexCacheOf(store: object, byteLimit: number): IndexCache {
  const cache = caches.get(store) ?? new IndexCache();
  caches.set(store, cache);
  cache.reserve(byteLimit);
  return cache;
}

export class IndexCache {
  /** In the order of their last use. */
  readonly #entries: Map<string, Entry> = new Map();
  /** The last one of them. */
  #latest: Entry | undefined;
  #byteLength = 0;
  #byteLimit = 0;

  /** Bytes of all indexes held. */
  get byteLength(): number {
    return this.#byteLength;
  }

  reserve(byteLimit: number): void {
    this.#byteLimit = Math.max(this.#byteLimit, byteLimit);
  }

  /** The index of the value under `key`, if it was read from this version and by a shard of this layout. */
  get(key: string, version: Version | undefined, shard: BoundShard): ShardIndex | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.version !== version || !entry.index.isOf(shard)) {
      this.#remove(key, entry);
      return undefined;
    }
    // One shard is read many times in a row: 0.1 µs each.
    if (entry !== this.#latest) {
      this.#remove(key, entry);
      this.#add(key, entry);
    }
    return entry.index;
  }

  set(key: string, version: Version | undefined, index: ShardIndex): void {
    this.delete(key);
    if (version === undefined || index.byteLength > this.#byteLimit) return;
    this.#add(key, { version, index });
    for (const [oldest, entry] of this.#entries) {
      if (this.#byteLength <= this.#byteLimit) break;
      this.#remove(oldest, entry);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(key, entry);
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#latest = entry;
    this.#byteLength += entry.index.byteLength;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    if (entry === this.#latest) this.#latest = undefined;
    this.#byteLength -= entry.index.byteLength;
  }
}
