/**
 * A store in a directory of the local file system: key `/a/c/0` is the file `a/c/0` under the root.
 *
 * A whole value is written to a temporary file beside it and renamed into place; a part of one changes in place, with a journal beside it
 * (stores/durable.ts). Every change holds the key's lock file, and first finishes or undoes a change that a crash has cut. Readers of whole
 * values pay nothing for that; a value that is opened, as shards are, is looked at before and after (open_values.ts). Names that begin with
 * `__` belong to the store; listings hide them.
 *
 * Specification: https://zarr-specs.readthedocs.io/en/latest/v3/stores/filesystem/index.html
 */
import { closeSync, constants, type Dirent, readdir, readdirSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { threadId } from "node:worker_threads";
import { RuntimeError } from "../errors.js";
import type { DiskFile } from "../stores/disk.js";
import { checkDurability, type Durability } from "../stores/durability.js";
import { applyPatch, type Keep, type Recovery, recover } from "../stores/durable.js";
import { NamedJournal } from "../stores/named_journal.js";
import { resolveRange } from "../stores/range.js";
import { runSteps, runStepsAsync, type Steps, settled } from "../stores/steps.js";
import type { AsyncStore, ByteRange, OpenValue, Patch, RequestOptions, SyncStore } from "../stores/store.js";
import { removeFile, replaceFile } from "../stores/whole_value.js";
import { errorCode, isMissing, readBytes, readBytesAsync, readFully, realpath, storeError } from "./file_io.js";
import { checkSegments, isSafeSegment } from "./key_segments.js";
import { filesBeside, keysWithLeftovers, temporariesOf } from "./leftovers.js";
import { defaultLockTimeout, LockFiles } from "./lock_file.js";
import { AsyncNodeDisk, SyncNodeDisk } from "./node_disk.js";
import { OpenFiles } from "./open_files.js";
import { StoreLocks } from "./store_locks.js";
import { besidePath, hiddenPrefix, journalPath, namesOf, type Place, StorePaths } from "./store_paths.js";
import { ValueReader, versionOf } from "./value_reader.js";

const readdirAsync = promisify(readdir);

/** Options of {@link LocalStore}. */
export interface LocalStoreOptions {
  /**
   * - `"process"` (default): after a kill at any instruction, a value is the old or the new one.
   * - `"power"`: the same after a loss of power; files and directories are synced before a write returns.
   * - `"none"`: as `"process"` for whole values; patches write in place without a journal, and may be cut.
   */
  readonly durability?: Durability;
  /** How long a call waits for the lock of a key, in milliseconds, before it fails with `LOCK_TIMEOUT`. Default 30,000. */
  readonly lockTimeoutMs?: number;
  /**
   * Refuses everything that writes, and reads without writing: no locks are taken, and a change that a crash has cut is seen as it will be
   * finished or undone, but left as it is.
   */
  readonly readOnly?: boolean;
}

/** What {@link LocalStore.repairSync} found beside a key, and did. */
export type Repair =
  | {
      readonly key: string;
      readonly recovery: Recovery;
      /** Names of files that the dead have left beside the value, without its journal. */
      readonly removed: readonly string[];
    }
  /** A conflict, for one. */
  | { readonly key: string; readonly error: unknown };

/** What a writer that died has left beside a key. */
export interface Leftovers {
  readonly key: string;
  /** Whether a change was cut, which reads see finished or undone, and the next write finishes or undoes. */
  readonly isUnfinished: boolean;
  /** Names of the files, the journal's too. */
  readonly files: readonly string[];
}

/**
 * A directory as a store, synchronous and asynchronous. The asynchronous methods do what transfers data (read, write, sync) off the
 * event loop; opening, renaming and removing a file take microseconds and happen on it, which is faster than the way to another thread.
 *
 * Failures of the file system are `RuntimeError`s with code `STORE_ERROR` (`QUOTA_EXCEEDED` for a full disk), keys that are not safe are
 * `ArgumentError`s with code `INVALID_PATH`. Where these are thrown synchronously, the asynchronous twin rejects.
 *
 * docs/durability.md says what a crash, other processes and other programs can and cannot do to values.
 */
export class LocalStore implements SyncStore, AsyncStore {
  /** Absolute path of the root directory. It need not exist: the first write creates it. */
  readonly root: string;
  readonly durability: Durability;
  readonly readOnly: boolean;
  /** What {@link setSync} is given lies in the file when it returns. */
  readonly copiesValues = true;
  readonly #lockTimeoutMs: number;
  readonly #paths: StorePaths;
  readonly #lockFiles: LockFiles;
  readonly #locks: StoreLocks;
  readonly #files: OpenFiles = new OpenFiles(this);
  readonly #reader: ValueReader;
  /** Keys whose lock was taken by {@link lock} or {@link lockSync}, and how often: calls on them are the holder's. */
  readonly #owned = new Map<string, number>();

  constructor(
    root: string | URL,
    { durability = "process", lockTimeoutMs = defaultLockTimeout, readOnly = false }: LocalStoreOptions = {},
  ) {
    checkDurability(durability);
    this.root = resolve(typeof root === "string" ? root : fileURLToPath(root));
    this.durability = durability;
    this.readOnly = readOnly;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#paths = new StorePaths(this.root, this.#isPowerSafe);
    this.#lockFiles = new LockFiles(this.root, lockTimeoutMs);
    this.#locks = new StoreLocks(this.#lockFiles);
    this.#reader = new ValueReader(this.#paths, this.#files, this.#lockFiles, lockTimeoutMs);
  }

  get #isPowerSafe(): boolean {
    return this.durability === "power";
  }

  /** What another thread needs to open the same store: `new (await import(module)).LocalStore(options.root, options)`. */
  describe(): { module: string; options: { root: string } & Required<LocalStoreOptions> } {
    const { root, durability, readOnly } = this;
    return { module: "syncodec/node", options: { root, durability, readOnly, lockTimeoutMs: this.#lockTimeoutMs } };
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    return this.#withFile(key, (file, byteLength) => readBytes(file, resolveRange(range, byteLength)));
  }

  async get(key: string, options?: RequestOptions): Promise<Uint8Array | undefined> {
    return this.#get(key, undefined, options);
  }

  async getRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | undefined> {
    return this.#get(key, range, options);
  }

  readIntoSync(key: string, range: ByteRange | undefined, target: Uint8Array): number | undefined {
    return this.#withFile(key, (file, byteLength) => {
      const { start, end } = resolveRange(range, byteLength);
      if (end - start > target.byteLength) return end - start;
      return readFully(file, target.subarray(0, end - start), start);
    });
  }

  /** Keeps the file open for later calls; a file that was replaced or changed since is opened anew. */
  openSync(key: string): OpenValue | undefined {
    return runSteps(this.#open(key, false));
  }

  /** As {@link openSync}; waits for a writer without blocking. */
  async open(key: string): Promise<OpenValue | undefined> {
    return runStepsAsync(this.#open(key, true));
  }

  /** Closes the files that are kept open, and removes what the store keeps for its locks. The store can be used on. */
  close(): void {
    this.#files.close();
    this.#lockFiles.close();
  }

  sizeSync(key: string): number | undefined {
    const place = this.#paths.locate(key);
    const stats = this.#paths.stat(place);
    if (stats === undefined || stats.isDirectory()) return undefined;
    return stats.isFile() ? stats.size : this.#withFile(key, (_file, byteLength) => byteLength);
  }

  async size(key: string): Promise<number | undefined> {
    return this.sizeSync(key);
  }

  setSync(key: string, value: Uint8Array): void {
    runSteps(this.#set(key, value, false));
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    return runStepsAsync(this.#set(key, value, true));
  }

  /** A missing key, or one that is a directory, is no error. Directories stay, also when they become empty. */
  deleteSync(key: string): void {
    runSteps(this.#delete(key, false));
  }

  async delete(key: string): Promise<void> {
    return runStepsAsync(this.#delete(key, true));
  }

  /**
   * Changes parts of an existing value, all of them or none. Files opened earlier see the change.
   *
   * @throws RuntimeError `VALUE_CHANGED` if the value is not of the patch's version.
   */
  patchSync(key: string, patch: Patch): void {
    runSteps(this.#patch(key, patch, false));
  }

  async patch(key: string, patch: Patch): Promise<void> {
    return runStepsAsync(this.#patch(key, patch, true));
  }

  /** The key must exist and the range lie within the value. */
  setRangeSync(key: string, value: Uint8Array, offset: number): void {
    this.patchSync(key, { writes: [{ offset, bytes: value }] });
  }

  async setRange(key: string, value: Uint8Array, offset: number): Promise<void> {
    return this.patch(key, { writes: [{ offset, bytes: value }] });
  }

  /**
   * Takes the key's lock, which no other process or thread has then, and returns its release. Until that is called, this store object's
   * calls on the key are the holder's.
   *
   * @throws RuntimeError `LOCK_TIMEOUT` if another process holds it for too long, `KEY_BUSY` if an asynchronous call of this thread does.
   */
  lockSync(key: string): () => void {
    return runSteps(this.#lock(key, false));
  }

  async lock(key: string): Promise<() => void> {
    return runStepsAsync(this.#lock(key, true));
  }

  /**
   * Puts right what killed writers have left below `prefix`: finishes or undoes changes that were cut, as the next write of the key would,
   * and removes temporary files and locks of the dead. Gives one report for each key that something was left beside; keys that somebody
   * holds who may be living are left to that one.
   *
   * @param keep What counts where a change can be neither finished nor undone (`JOURNAL_CONFLICT`): the value as it is, or what the journal
   * would make of it.
   */
  *repairSync(prefix = "/", keep?: Keep): Generator<Repair, void, undefined> {
    for (const start of this.#listingStart(prefix)) {
      for (const key of keysWithLeftovers(this.#paths, start)) {
        if (!key.startsWith(prefix)) continue;
        const place = this.#paths.locate(key);
        if (!this.#lockFiles.isHeld(place.path)) yield runSteps(this.#repair(place, keep));
      }
    }
  }

  /** What {@link repairSync} would look at. Touches nothing. */
  *leftoversSync(prefix = "/"): Generator<Leftovers, void, undefined> {
    for (const start of this.#listingStart(prefix)) {
      for (const key of keysWithLeftovers(this.#paths, start)) {
        if (!key.startsWith(prefix)) continue;
        const place = this.#paths.locate(key);
        const files = this.#filesBeside(place);
        if (files.length === 0 || this.#lockFiles.isHeld(place.path)) continue;
        yield { key, isUnfinished: files.includes(basename(journalPath(place.path))), files };
      }
    }
  }

  /**
   * Files below the root whose key begins with `prefix`, without those that this store could not read. Directories that are symbolic links
   * are not descended into, unless the prefix itself names one.
   */
  listSync(prefix: string): Generator<string, void, undefined> {
    return this.#walk(prefix, this.#listingStart(prefix));
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    yield* this.#walkAsync(prefix, this.#listingStart(prefix));
  }

  *#open(key: string, isAsync: boolean): Steps<OpenValue | undefined> {
    const place = this.#paths.locate(key);
    try {
      if (this.#owned.has(key)) return this.#reader.openLocked(place);
      return yield* this.#reader.open(place, isAsync, this.readOnly ? undefined : () => this.#acquire(place, isAsync));
    } catch (error) {
      throw storeError("open", place, error);
    }
  }

  *#set(key: string, value: Uint8Array, isAsync: boolean): Steps<void> {
    const place = this.#paths.locate(key);
    try {
      const release = this.#owned.has(key) ? undefined : yield* this.#acquire(place, isAsync);
      try {
        // Windows does not replace a file that is open.
        this.#files.drop(place.path);
        const temporary = temporaryPath(place.path);
        yield* replaceFile(this.#disk(place, isAsync), place.path, temporary, value, this.#isPowerSafe);
      } finally {
        release?.();
      }
    } catch (error) {
      throw storeError("write", place, error);
    }
  }

  *#delete(key: string, isAsync: boolean): Steps<void> {
    const place = this.#paths.locate(key);
    try {
      // A directory keeps its place, and where none is there is nothing to lock.
      this.#checkWritable();
      const stats = this.#paths.stat(place);
      if (stats === undefined ? !this.#paths.directoryExists(place) : stats.isDirectory()) return;
      const release = this.#owned.has(key) ? undefined : yield* this.#acquire(place, isAsync);
      try {
        this.#files.drop(place.path);
        yield* removeFile(this.#disk(place, isAsync), place.path, this.#isPowerSafe);
      } finally {
        release?.();
      }
    } catch (error) {
      throw storeError("delete", place, error);
    }
  }

  *#patch(key: string, patch: Patch, isAsync: boolean): Steps<void> {
    const place = this.#paths.locate(key);
    try {
      const release = this.#owned.has(key) ? undefined : yield* this.#acquire(place, isAsync);
      try {
        yield* this.#patchLocked(place, patch, isAsync);
      } finally {
        release?.();
      }
    } catch (error) {
      throw storeError("patch", place, error);
    }
  }

  *#patchLocked(place: Place, patch: Patch, isAsync: boolean): Steps<void> {
    const { key } = place;
    const opened = this.#paths.open(place, constants.O_RDWR);
    if (opened === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key", { key });
    const disk = this.#disk(place, isAsync);
    const file = disk.fileOf(opened.file);
    try {
      if (patch.version !== undefined && patch.version !== versionOf(opened.stats)) {
        throw new RuntimeError("VALUE_CHANGED", "The value was changed by a program that does not take its lock", {
          key,
        });
      }
      // Saves two of six syncs.
      const isSettled = this.#reader.isOwnPatch(place, opened.stats);
      const journal =
        this.durability === "none"
          ? undefined
          : new NamedJournal(disk, journalPath(place.path), temporaryPath(place.path), isSettled);
      try {
        yield* applyPatch(file, namesOf(place), patch, { journal, power: this.#isPowerSafe, isSettled });
      } finally {
        if (journal !== undefined) yield* journal.close();
      }
      this.#reader.markPatched(place, opened);
    } finally {
      yield* settled(file.close());
    }
  }

  *#lock(key: string, isAsync: boolean): Steps<() => void> {
    const place = this.#paths.locate(key);
    let release: () => void;
    try {
      release = yield* this.#acquire(place, isAsync);
    } catch (error) {
      throw storeError("lock", place, error);
    }
    this.#owned.set(key, (this.#owned.get(key) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const count = this.#owned.get(key)! - 1;
      if (count === 0) this.#owned.delete(key);
      else this.#owned.set(key, count);
      release();
    };
  }

  *#repair(place: Place, keep: Keep | undefined): Steps<Repair> {
    const { key, path } = place;
    try {
      this.#checkWritable();
      const before = this.#filesBeside(place);
      const release = yield* this.#locks.acquire(place, false);
      let recovery: Recovery;
      try {
        recovery = yield* this.#recoverLocked(place, false, keep);
        this.#sweep(place);
      } finally {
        release();
      }
      const after = new Set([...this.#filesBeside(place), basename(journalPath(path))]);
      return { key, recovery, removed: before.filter((name) => !after.has(name)) };
    } catch (error) {
      return { key, error: storeError("repair", place, error) };
    }
  }

  /** Removes the temporary files of a value whose lock is held: nobody writes them. */
  #sweep({ path }: Place): void {
    const directory = dirname(path);
    for (const name of temporariesOf(basename(path), readdirSync(directory))) unlinkSync(join(directory, name));
  }

  #filesBeside({ path }: Place): string[] {
    return filesBeside(basename(path), readdirSync(dirname(path)));
  }

  #checkWritable(): void {
    if (this.readOnly) throw new RuntimeError("STORE_ERROR", "the store is open for reading only");
  }

  /** Takes the key's lock, and decides what a crash has left. */
  *#acquire(place: Place, isAsync: boolean): Steps<() => void> {
    const release = yield* this.#lockIn(place, isAsync);
    try {
      yield* this.#recoverLocked(place, isAsync, undefined);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Takes the key's lock, in a directory that is made if need be. */
  *#lockIn(place: Place, isAsync: boolean): Steps<() => void> {
    this.#checkWritable();
    this.#paths.ensureDirectory(place);
    try {
      return yield* this.#locks.acquire(place, isAsync);
    } catch (error) {
      // The directory was known, and somebody has removed it.
      if (errorCode(error) !== "ENOENT") throw error;
      this.#paths.forget();
      this.#paths.ensureDirectory(place);
      return yield* this.#locks.acquire(place, isAsync);
    }
  }

  *#recoverLocked(place: Place, isAsync: boolean, keep: Keep | undefined): Steps<Recovery> {
    const disk = this.#disk(place, isAsync);
    const path = journalPath(place.path);
    if (!disk.exists(path)) return "nothing to do";
    const journal = new NamedJournal(disk, path, temporaryPath(place.path));
    const open = (): DiskFile | undefined => {
      const opened = this.#paths.open(place, constants.O_RDWR);
      return opened && disk.fileOf(opened.file);
    };
    const remove = (): Steps<void> => removeFile(disk, place.path, this.#isPowerSafe);
    try {
      return yield* recover(open, remove, journal, namesOf(place), { power: this.#isPowerSafe, keep });
    } finally {
      yield* journal.close();
    }
  }

  #disk(place: Place, isAsync: boolean): AsyncNodeDisk | SyncNodeDisk {
    return isAsync ? new AsyncNodeDisk(this.#paths, place) : new SyncNodeDisk(this.#paths, place);
  }

  #withFile<T>(key: string, body: (file: number, byteLength: number) => T): T | undefined {
    const place = this.#paths.locate(key);
    const opened = this.#paths.open(place, constants.O_RDONLY);
    if (opened === undefined) return undefined;
    try {
      return body(opened.file, opened.stats.size);
    } catch (error) {
      throw storeError("read", place, error);
    } finally {
      closeSync(opened.file);
    }
  }

  async #get(key: string, range: ByteRange | undefined, options?: RequestOptions): Promise<Uint8Array | undefined> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const place = this.#paths.locate(key);
    const opened = this.#paths.open(place, constants.O_RDONLY);
    if (opened === undefined) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = await readBytesAsync(opened.file, resolveRange(range, opened.stats.size));
    } catch (error) {
      throw storeError("read", place, error);
    } finally {
      closeSync(opened.file);
    }
    signal?.throwIfAborted();
    return bytes;
  }

  /** Keys of the directories that a listing begins with: one, or none if it does not exist. */
  #listingStart(prefix: string): string[] {
    const directory = prefix.slice(0, Math.max(0, prefix.lastIndexOf("/")));
    if (directory !== "" || (prefix !== "" && !prefix.startsWith("/"))) checkSegments(prefix, directory);
    if (directory.includes(`/${hiddenPrefix}`)) return [];
    return this.#paths.directoryExists({ key: prefix, directory, path: this.#paths.pathOf(directory) })
      ? [directory]
      : [];
  }

  *#walk(prefix: string, pending: string[]): Generator<string, void, undefined> {
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      const path = this.#paths.pathOf(directory);
      let entries: Dirent[] = [];
      try {
        entries = readdirSync(path, { withFileTypes: true });
      } catch (error) {
        if (!isMissing(errorCode(error))) throw storeError("list", { key: directory, path }, error);
      }
      yield* this.#sortEntries(prefix, directory, entries, pending);
    }
  }

  async *#walkAsync(prefix: string, pending: string[]): AsyncGenerator<string, void, undefined> {
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      const path = this.#paths.pathOf(directory);
      let entries: Dirent[] = [];
      try {
        entries = await readdirAsync(path, { withFileTypes: true });
      } catch (error) {
        if (!isMissing(errorCode(error))) throw storeError("list", { key: directory, path }, error);
      }
      yield* this.#sortEntries(prefix, directory, entries, pending);
    }
  }

  /** Returns the keys among a directory's entries; its directories are added to `pending`. */
  #sortEntries(prefix: string, directory: string, entries: readonly Dirent[], pending: string[]): string[] {
    const keys: string[] = [];
    for (const entry of entries) {
      const key = `${directory}/${entry.name}`;
      if (entry.name.startsWith(hiddenPrefix) || !key.startsWith(prefix) || !isSafeSegment(entry.name)) continue;
      if (entry.isDirectory()) pending.push(key);
      else if (entry.isFile() || (entry.isSymbolicLink() && this.#linksToFile(key))) keys.push(key);
    }
    return keys;
  }

  #linksToFile(key: string): boolean {
    try {
      const target = realpath(this.#paths.pathOf(key));
      if (target === undefined || !this.#paths.isInside(target)) return false;
      return statSync(target, { throwIfNoEntry: false })?.isFile() === true;
    } catch (error) {
      // A circle of links, or a target that this process may not look up.
      if (errorCode(error) === undefined) throw error;
      return false;
    }
  }
}

/** Makes a name unique among processes of this host (and, nearly surely, of others that share the file system) and threads. */
const processToken = `${process.pid}-${threadId}-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
let temporaryCount = 0;

function temporaryPath(path: string): string {
  temporaryCount++;
  return besidePath(path, `.${processToken}-${temporaryCount}.tmp`);
}
