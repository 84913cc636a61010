/**
 * A store in memory: a map from key to bytes.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "syncodec";
 * const store = new MemoryStore([["/c/0", new Uint8Array([1, 2, 3])]]);
 * store.getSync("/c/0", { suffixLength: 2 }); // Uint8Array [2, 3]
 * ```
 */
import { RuntimeError } from "../errors.js";
import { checkPatch, openBytes, sliceRange } from "./range.js";
import type { AsyncStore, ByteRange, OpenValue, Patch, SyncStore } from "./store.js";

/**
 * Keeps values as they were given and hands out views of them, without copying. A patch writes in place at the cost of its own bytes, so
 * that views returned earlier show the change; whoever keeps a value across other calls copies it. Small values may share one buffer of
 * 32 KiB: whoever passes on `value.buffer` passes on its neighbours.
 *
 * The asynchronous methods answer at once, which zarrita accepts.
 */
export class MemoryStore implements SyncStore, AsyncStore {
  readonly #values: Map<string, Uint8Array>;
  /**
   * Buffers that only one value of this store uses. A buffer that was given from outside may lie under several keys (a scalar written to
   * many chunks is encoded once), so that the first patch of a value moves it to a buffer of its own. `undefined` before that.
   */
  #ownBuffers: WeakSet<ArrayBufferLike> | undefined;

  /** @param entries Initial keys and values, for example another `Map`. The entries are copied, their bytes are not. */
  constructor(entries?: Iterable<readonly [string, Uint8Array]>) {
    this.#values = new Map(entries);
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value === undefined ? undefined : sliceRange(value, range);
  }

  setSync(key: string, value: Uint8Array): void {
    // What getSync returned may come back under a second key. A store that was never patched has no buffers of its own, and is spared 60 ns.
    this.#ownBuffers?.delete(value.buffer);
    this.#values.set(key, value);
  }

  deleteSync(key: string): void {
    this.#values.delete(key);
  }

  *listSync(prefix: string): Generator<string, void, undefined> {
    for (const key of this.#values.keys()) {
      if (key.startsWith(prefix)) yield key;
    }
  }

  setRangeSync(key: string, value: Uint8Array, offset: number): void {
    this.patchSync(key, { writes: [{ offset, bytes: value }] });
  }

  /**
   * Applies all writes, or none if one of them is refused. Bytes that `byteLength` adds are zero.
   *
   * @throws RuntimeError `STORE_ERROR` if the key is missing or a write reaches past the value's end; `VALUE_CHANGED` if the value is not of
   * the patch's version.
   */
  patchSync(key: string, patch: Patch): void {
    const value = this.#values.get(key);
    if (value === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key", { key });
    if (patch.version !== undefined && patch.version !== value)
      throw new RuntimeError("VALUE_CHANGED", "The value is not the one that the patch was made for", { key });
    const patchedLength = checkPatch(key, patch, value.byteLength);
    const target = this.#isPatchedInPlace(value, patch, patchedLength) ? value : this.#copy(value, patchedLength);
    for (const { offset, bytes } of patch.writes) target.set(bytes, offset);
    // A new array over the same bytes: whoever holds the old one as the value's version sees that it has changed.
    this.#values.set(key, target === value ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : target);
  }

  sizeSync(key: string): number | undefined {
    return this.#values.get(key)?.byteLength;
  }

  openSync(key: string): OpenValue | undefined {
    const value = this.#values.get(key);
    return value && openBytes(value, () => this.#values.get(key));
  }

  get(key: string): Uint8Array | undefined {
    return this.getSync(key);
  }

  getRange(key: string, range: ByteRange): Uint8Array | undefined {
    return this.getSync(key, range);
  }

  set(key: string, value: Uint8Array): void {
    this.setSync(key, value);
  }

  delete(key: string): void {
    this.deleteSync(key);
  }

  list(prefix: string): Generator<string, void, undefined> {
    return this.listSync(prefix);
  }

  setRange(key: string, value: Uint8Array, offset: number): void {
    this.setRangeSync(key, value, offset);
  }

  patch(key: string, patch: Patch): void {
    this.patchSync(key, patch);
  }

  size(key: string): number | undefined {
    return this.sizeSync(key);
  }

  #isPatchedInPlace(value: Uint8Array, patch: Patch, patchedLength: number): boolean {
    if (patchedLength !== value.byteLength || this.#ownBuffers?.has(value.buffer) !== true) return false;
    // A write whose source is a view of this very value must not see the writes before it.
    return patch.writes.every(({ bytes }) => bytes.buffer !== value.buffer);
  }

  #copy(value: Uint8Array, byteLength: number): Uint8Array {
    const copy = new Uint8Array(byteLength);
    copy.set(value.subarray(0, byteLength));
    this.#ownBuffers ??= new WeakSet();
    this.#ownBuffers.add(copy.buffer);
    return copy;
  }
}
