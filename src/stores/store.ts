/**
 * Store interfaces. Keys are zarrita's: absolute, `/`-separated, for example `/image/c/0/1`.
 *
 * Ownership: a value handed to `set` belongs to the store from then on, and a value returned by `get` must not be modified. The pipeline
 * hands over fresh buffers only, unless the store says that it copies, and never writes into what it was given, so that stores need not copy.
 */

/** A part of a value: `length` bytes from `offset`, or the last `suffixLength` bytes. Lengths and offsets in bytes. */
export type ByteRange = { readonly offset: number; readonly length: number } | { readonly suffixLength: number };

/** One write inside an existing value. `offset` in bytes from the value's start. */
export interface PatchWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** All writes of one call to one value. They apply together; `byteLength`, if given, is the value's length afterwards. */
export interface Patch {
  readonly writes: readonly PatchWrite[];
  readonly byteLength?: number;
  /** What the value must be, as {@link OpenValue.version} told it: another one is refused with `VALUE_CHANGED`. */
  readonly version?: string | object | undefined;
  /**
   * A part of the value that the patch relies upon and leaves as it is, such as the index of a shard: its offset, length and CRC-32C. A
   * store that finishes patches after a crash looks at it first.
   */
  readonly guard?: { readonly offset: number; readonly length: number; readonly checksum: number } | undefined;
}

/** One version of a stored value, open for several reads. */
export interface OpenValue {
  /** Length of the value in bytes. */
  readonly byteLength: number;
  /** The value, where it lies in memory as it is: then it is read from without more calls. */
  readonly bytes?: Uint8Array;
  /** As {@link SyncStore.getSync}, for this version. */
  read(range: ByteRange): Uint8Array;
  /** As {@link SyncStore.readIntoSync}, for this version. */
  readInto(range: ByteRange, target: Uint8Array): number;
  /** Equal answers (by `===`) mean equal bytes, now and later. `undefined` if that cannot be told. */
  version(): string | object | undefined;
  /**
   * Where others may change the value in place meanwhile: to be called between reading and use of what was read.
   *
   * @throws RuntimeError `VALUE_CHANGED` if what was read since the value was opened need not be of one version. Opened anew, it will be.
   */
  check?(): void;
  /** As {@link AsyncStore.getRange}, for this version. */
  readAsync?(range: ByteRange): Promise<Uint8Array>;
  close(): void;
}

/** A store that answers at once. A range that reaches past the value's end gives the bytes there are; a missing key gives `undefined`. */
export interface SyncStore {
  getSync(key: string, range?: ByteRange): Uint8Array | undefined;
  setSync(key: string, value: Uint8Array): void;
  /** Deleting a missing key is not an error. */
  deleteSync(key: string): void;
  /**
   * Set where `setSync` is done with the value when it returns: then it may be given views of memory that changes later, which saves a copy.
   */
  readonly copiesValues?: boolean;
  /** All keys that begin with `prefix`, in no particular order. */
  listSync?(prefix: string): Iterable<string>;
  /** Overwrites bytes of an existing value; the key must exist and the range lie within it. */
  setRangeSync?(key: string, value: Uint8Array, offset: number): void;
  patchSync?(key: string, patch: Patch): void;
  /**
   * Opens a value, so that index and data of a shard come from one version of it, and so that what is known of the value can be kept as long
   * as its version stays. `undefined` if the key is missing.
   */
  openSync?(key: string): OpenValue | undefined;
  /** Takes the key's exclusive lock and returns its release. */
  lockSync?(key: string): () => void;
  /** Length of the value in bytes. */
  sizeSync?(key: string): number | undefined;
  /**
   * Reads the range (or the whole value) into the start of `target`; offered where that saves a copy. Returns the number of bytes that the range holds in the store; when
   * that is more than `target.byteLength`, the content of `target` is unspecified. `undefined` if the key is missing.
   */
  readIntoSync?(key: string, range: ByteRange | undefined, target: Uint8Array): number | undefined;
}

/** Options of an asynchronous request: a store may end it when the signal is aborted. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** A store that may answer later: a superset of zarrita's Readable and Writable. */
export interface AsyncStore {
  get(key: string, options?: RequestOptions): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  getRange?(
    key: string,
    range: ByteRange,
    options?: RequestOptions,
  ): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  set?(key: string, value: Uint8Array): Promise<void> | void;
  delete?(key: string): Promise<unknown> | unknown;
  list?(prefix: string): AsyncIterable<string> | Iterable<string>;
  setRange?(key: string, value: Uint8Array, offset: number): Promise<void> | void;
  patch?(key: string, patch: Patch): Promise<void> | void;
  lock?(key: string): Promise<() => Promise<void> | void> | (() => void);
  /** As {@link SyncStore.openSync}; what it gives has {@link OpenValue.readAsync}. */
  open?(key: string): Promise<OpenValue | undefined>;
  size?(key: string): Promise<number | undefined> | number | undefined;
  /** False where a range costs as much as the whole value, which a store may learn only later. Default true, if there is a `getRange`. */
  readonly hasRanges?: boolean;
  /**
   * Called after a read of the key has thrown a `RuntimeError` with code `VALUE_CHANGED`, as a store does that finds another version than the
   * one it has read parts of: what was read of that one is not used any more.
   */
  forget?(key: string): void;
}

/** Anything a syncodec function accepts as a store: ours, a zarrita store, or a plain `Map`. */
export type Store = SyncStore | AsyncStore | Map<string, Uint8Array>;
