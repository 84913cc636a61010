/**
 * A store in a directory of the local file system: key `/a/c/0` is the file `a/c/0` under the root.
 *
 * A whole value is written to a temporary file beside it and renamed into place, so that a reader sees the old value or the new one.
 * Names that begin with `__` belong to the store; listings hide them.
 *
 * Keys are untrusted. Every segment is checked, and no key leads out of the root: a symbolic link is followed only while its target lies
 * inside the root. Directories found inside are remembered, so that the check costs nothing per chunk; it does not guard against someone
 * who swaps directories for links while the store is open.
 *
 * Specification: https://zarr-specs.readthedocs.io/en/latest/v3/stores/filesystem/index.html
 */
import type { Dirent, Stats } from "node:fs";
import {
  close,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  readdir,
  readdirSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { threadId } from "node:worker_threads";
import { ArgumentError, RuntimeError } from "../errors.js";
import { checkPatch, resolveRange } from "../stores/range.js";
import type { AsyncStore, ByteRange, OpenValue, Patch, RequestOptions, SyncStore } from "../stores/store.js";
import {
  errorCode,
  type FilePlace,
  guard,
  isMissing,
  readBytes,
  readBytesAsync,
  readFully,
  realpath,
  renameOver,
  renameOverAsync,
  storeError,
  writeFully,
  writeFullyAsync,
} from "./file_io.js";
import { checkSegments, isSafeSegment } from "./key_segments.js";
import { type OpenFile, OpenFiles } from "./open_files.js";

const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const openAsync = promisify(open);
const readdirAsync = promisify(readdir);

const isWindows = process.platform === "win32";
/** Zero where the platform has no such flag. */
const noFollow = constants.O_NOFOLLOW ?? 0;
/** Without O_NONBLOCK, opening a named pipe would wait for its other end. It changes nothing for regular files. */
const openFlags = noFollow | (constants.O_NONBLOCK ?? 0);
const maximalKnownDirectories = 65536;
/** After a file that was missing, so many present ones are looked for before they are opened. */
const lookahead = 64;
/** Names that begin so are the store's own. */
const hiddenPrefix = "__";

const durabilities = ["none", "process", "power"] as const;

/** What a write survives: nothing in particular, a kill of the process, or a loss of power. */
export type Durability = (typeof durabilities)[number];

/** Options of {@link LocalStore}. */
export interface LocalStoreOptions {
  /**
   * - `"process"` (default): after a kill at any instruction, a value is the old or the new one.
   * - `"power"`: the same after a loss of power; files and directories are synced before a write returns.
   * - `"none"`: as `"process"` for whole values, and offers patches, which write in place and may be cut.
   */
  readonly durability?: Durability;
}

/** A checked key: `directory` is the key of its directory ("" for the root). */
interface Place extends FilePlace {
  readonly directory: string;
}

/**
 * A directory as a store, synchronous and asynchronous. The asynchronous methods do what transfers data (read, write, sync) off the
 * event loop; opening, renaming and removing a file take microseconds and happen on it, which is faster than the way to another thread.
 *
 * Failures of the file system are `RuntimeError`s with code `STORE_ERROR`, keys that are not safe are `ArgumentError`s with code
 * `INVALID_PATH`. Where these are thrown synchronously, the asynchronous twin rejects.
 */
export class LocalStore implements SyncStore, AsyncStore {
  /** Only with durability `"none"`; the value must exist. Views and files opened earlier see the change. */
  declare readonly patchSync?: (key: string, patch: Patch) => void;
  /** Only with durability `"none"`; the key must exist and the range lie within the value. */
  declare readonly setRangeSync?: (key: string, value: Uint8Array, offset: number) => void;
  declare readonly patch?: (key: string, patch: Patch) => Promise<void>;
  declare readonly setRange?: (key: string, value: Uint8Array, offset: number) => Promise<void>;
  /** Absolute path of the root directory. It need not exist: the first write creates it. */
  readonly root: string;
  readonly durability: Durability;
  /** What {@link setSync} is given lies in the file when it returns. */
  readonly copiesValues = true;
  /** The root without a separator at its end, to which a key is appended. */
  readonly #base: string;
  /** The root with its links resolved, and a separator at its end; "" until it was found to exist. */
  #realRoot = "";
  /** Keys of directories that exist inside the root. */
  readonly #known = new Set<string>();
  /** Keys of directories whose entry in their parent is known to be on the disk. */
  readonly #durable = new Set<string>();
  /** Directories above the root whose new entries are not yet known to be on the disk. */
  readonly #unsyncedAboveRoot = new Set<string>();

  readonly #files: OpenFiles = new OpenFiles(this);
  /** How many files more are looked for before they are opened. */
  #expectsMissing = 0;

  constructor(root: string | URL, { durability = "process" }: LocalStoreOptions = {}) {
    if (!durabilities.includes(durability)) {
      throw new ArgumentError("INVALID_ARGUMENT", "unknown durability", {
        expected: durabilities.join(", "),
        found: String(durability),
      });
    }
    this.root = resolve(typeof root === "string" ? root : fileURLToPath(root));
    this.durability = durability;
    this.#base = this.root.endsWith(sep) ? this.root.slice(0, -1) : this.root;
    if (durability === "none") {
      this.patchSync = (key, patch) => this.#patchSync(key, patch);
      this.patch = (key, patch) => this.#patch(key, patch);
      this.setRangeSync = (key, bytes, offset) => this.#patchSync(key, { writes: [{ offset, bytes }] });
      this.setRange = (key, bytes, offset) => this.#patch(key, { writes: [{ offset, bytes }] });
    }
  }

  /** What another thread needs to open the same store: `new (await import(module)).LocalStore(options.root, options)`. */
  describe(): { module: string; options: { root: string; durability: Durability } } {
    return { module: "syncodec/node", options: { root: this.root, durability: this.durability } };
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
    const place = this.#locate(key);
    const opened = this.#files.acquire(place.path, this.#stat(place)) ?? this.#openKept(place);
    if (opened === undefined) return undefined;
    const { file, stats } = opened;
    const read = <T>(body: () => T): T => guard("read", place, body);
    return {
      byteLength: stats.size,
      read: (range) => read(() => readBytes(file, resolveRange(range, stats.size))),
      readInto: (range, target) => {
        const { start, end } = resolveRange(range, stats.size);
        if (end - start > target.byteLength) return end - start;
        return read(() => readFully(file, target.subarray(0, end - start), start));
      },
      version: () => {
        const { dev, ino, size, mtimeMs, ctimeMs } = read(() => this.#files.look(opened));
        return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      },
      close: () => this.#files.release(opened),
    };
  }

  /** Closes the files that are kept open. The store can be used on. */
  close(): void {
    this.#files.close();
  }

  sizeSync(key: string): number | undefined {
    const place = this.#locate(key);
    const stats = this.#stat(place);
    if (stats === undefined || stats.isDirectory()) return undefined;
    return stats.isFile() ? stats.size : this.#withFile(key, (_file, byteLength) => byteLength);
  }

  async size(key: string): Promise<number | undefined> {
    return this.sizeSync(key);
  }

  setSync(key: string, value: Uint8Array): void {
    const place = this.#locate(key);
    const { file, temporary } = this.#createTemporary(place);
    try {
      try {
        writeFully(file, value, 0);
        if (this.durability === "power") fsyncSync(file);
      } finally {
        closeSync(file);
      }
      this.#files.drop(place.path);
      renameOver(temporary, place.path);
    } catch (error) {
      throw this.#abandon(temporary, place, error);
    }
    if (this.durability === "power") this.#syncDirectories(place);
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    const place = this.#locate(key);
    const { file, temporary } = this.#createTemporary(place);
    try {
      try {
        await writeFullyAsync(file, value, 0);
        if (this.durability === "power") await fsyncAsync(file);
      } finally {
        // On a network file system this is where the bytes travel.
        await closeAsync(file);
      }
      this.#files.drop(place.path);
      await renameOverAsync(temporary, place.path);
    } catch (error) {
      throw this.#abandon(temporary, place, error);
    }
    if (this.durability === "power") await this.#syncDirectoriesAsync(place);
  }

  /** A missing key, or one that is a directory, is no error. Directories stay, also when they become empty. */
  deleteSync(key: string): void {
    const place = this.#locate(key);
    if (this.#unlink(place) && this.durability === "power") this.#syncDirectories(place);
  }

  async delete(key: string): Promise<void> {
    const place = this.#locate(key);
    if (this.#unlink(place) && this.durability === "power") await this.#syncDirectoriesAsync(place);
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

  /** Checks the key's segments; does not touch the file system. */
  #locate(key: string): Place {
    const directory = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    // A known directory has been through this check.
    const unchecked = this.#known.has(directory) ? key.slice(directory.length) : key;
    checkSegments(key, unchecked);
    return { key, directory, path: this.#base + key };
  }

  /**
   * Whether the key's directory exists. Every directory on the way that is not yet known is looked at once.
   *
   * @throws ArgumentError `INVALID_PATH` if one of them is a link out of the root.
   */
  #directoryExists(place: Place): boolean {
    if (this.#known.has(place.directory)) return true;
    return guard("look up the directory of", place, () => {
      if (this.#realRoot === "") {
        const real = realpath(this.root);
        if (real === undefined) return false;
        this.#realRoot = real.endsWith(sep) ? real : real + sep;
      }
      if (this.#known.size > maximalKnownDirectories) this.#known.clear();
      this.#known.add("");
      for (let end = 0; end < place.directory.length; ) {
        end = place.directory.indexOf("/", end + 1);
        if (end === -1) end = place.directory.length;
        const directory = place.directory.slice(0, end);
        if (this.#known.has(directory)) continue;
        let stats = lstatSync(this.#base + directory, { throwIfNoEntry: false });
        if (stats?.isSymbolicLink()) {
          const target = this.#followLink(this.#base + directory, place.key);
          stats = target === undefined ? undefined : lstatSync(target, { throwIfNoEntry: false });
        }
        if (!stats?.isDirectory()) return false;
        this.#known.add(directory);
      }
      return true;
    });
  }

  /** Where the link leads in the end; `undefined` if nowhere. Throws if that is outside of the root. */
  #followLink(path: string, key: string): string | undefined {
    const target = realpath(path);
    if (target === undefined || (target + sep).startsWith(this.#realRoot)) return target;
    throw new ArgumentError("INVALID_PATH", "a symbolic link leads out of the store", { key, found: target });
  }

  #stat(place: Place): Stats | undefined {
    if (!this.#directoryExists(place)) return undefined;
    return guard("look up", place, () => lstatSync(place.path, { throwIfNoEntry: false }));
  }

  /** Opens the key's file, and no other: `undefined` if there is none, or a directory in its place. The caller closes it. */
  #open(place: Place, flags: number): { file: number; byteLength: number; stats: Stats } | undefined {
    if (!this.#directoryExists(place)) return undefined;
    // A failing open costs 10 µs for its exception, these two 1 µs: worth it while files are missing. The second one is needed, because the
    // first also answers false where access is denied, and then a missing chunk would read as fill.
    if (this.#expectsMissing > 0) {
      if (!existsSync(place.path) && this.#stat(place) === undefined) {
        this.#expectsMissing = lookahead;
        return undefined;
      }
      this.#expectsMissing--;
    }
    const file = guard("open", place, () => this.#openInside(place, flags));
    if (file === undefined) {
      this.#expectsMissing = lookahead;
      return undefined;
    }
    try {
      const stats = fstatSync(file);
      if (stats.isFile()) return { file, byteLength: stats.size, stats };
      if (!stats.isDirectory()) throw new RuntimeError("STORE_ERROR", `${place.path} is not a regular file`);
    } catch (error) {
      closeSync(file);
      throw storeError("look up", place, error);
    }
    closeSync(file);
    return undefined;
  }

  #openKept(place: Place): OpenFile | undefined {
    const opened = this.#open(place, constants.O_RDONLY);
    return opened && this.#files.add(place.path, opened.file, opened.stats);
  }

  #openExisting(place: Place): { file: number; byteLength: number } {
    const opened = this.#open(place, constants.O_RDWR);
    if (opened === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key", { key: place.key });
    return opened;
  }

  #openInside(place: Place, flags: number): number | undefined {
    try {
      if (noFollow === 0 && lstatSync(place.path).isSymbolicLink()) return this.#openLink(place, flags);
      return openSync(place.path, flags | openFlags);
    } catch (error) {
      // FreeBSD says EMLINK.
      const code = errorCode(error);
      if (code === "ELOOP" || code === "EMLINK") return this.#openLink(place, flags);
      if (isMissing(code)) return undefined;
      throw error;
    }
  }

  #openLink(place: Place, flags: number): number | undefined {
    const target = this.#followLink(place.path, place.key);
    return target === undefined ? undefined : openSync(target, flags | openFlags);
  }

  #withFile<T>(key: string, body: (file: number, byteLength: number) => T): T | undefined {
    const place = this.#locate(key);
    const opened = this.#open(place, constants.O_RDONLY);
    if (opened === undefined) return undefined;
    try {
      return body(opened.file, opened.byteLength);
    } catch (error) {
      throw storeError("read", place, error);
    } finally {
      closeSync(opened.file);
    }
  }

  async #get(key: string, range: ByteRange | undefined, options?: RequestOptions): Promise<Uint8Array | undefined> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const place = this.#locate(key);
    const opened = this.#open(place, constants.O_RDONLY);
    if (opened === undefined) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = await readBytesAsync(opened.file, resolveRange(range, opened.byteLength));
    } catch (error) {
      throw storeError("read", place, error);
    } finally {
      closeSync(opened.file);
    }
    signal?.throwIfAborted();
    return bytes;
  }

  #createTemporary(place: Place): { file: number; temporary: string } {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow;
    for (let attempt = 0; ; attempt++) {
      if (!this.#directoryExists(place)) this.#createDirectory(place);
      const temporary = temporaryPath(place.path);
      try {
        return { temporary, file: openSync(temporary, flags, 0o666) };
      } catch (error) {
        // The directory was known, and somebody has removed it.
        if (errorCode(error) !== "ENOENT" || attempt > 0) throw storeError("write", place, error);
        this.#known.clear();
        this.#realRoot = "";
      }
    }
  }

  /** Creates the key's directory and those above it. What exists of the way has been found inside the root by {@link #directoryExists}. */
  #createDirectory(place: Place): void {
    guard("create the directory of", place, () => {
      const first = mkdirSync(this.#base + place.directory || sep, { recursive: true });
      if (first === undefined || this.durability !== "power") return;
      for (let directory = place.directory; this.#base.length + directory.length >= first.length; ) {
        this.#durable.delete(directory);
        if (directory === "") break;
        directory = directory.slice(0, directory.lastIndexOf("/"));
      }
      for (let path = this.root; path.length >= first.length; path = dirname(path)) {
        this.#unsyncedAboveRoot.add(dirname(path));
      }
    });
    if (!this.#directoryExists(place)) {
      throw new RuntimeError("STORE_ERROR", `cannot create the directory of ${place.path}`, { key: place.key });
    }
  }

  /** Removes the temporary file of a write that failed; returns the error to throw. */
  #abandon(temporary: string, place: Place, error: unknown): unknown {
    try {
      unlinkSync(temporary);
    } catch {
      // The write's own error says more; a file left over is hidden.
    }
    return storeError("write", place, error);
  }

  #unlink(place: Place): boolean {
    const stats = this.#stat(place);
    if (stats === undefined || stats.isDirectory()) return false;
    this.#files.drop(place.path);
    return guard("delete", place, () => {
      try {
        unlinkSync(place.path);
        return true;
      } catch (error) {
        if (isMissing(errorCode(error))) return false;
        throw error;
      }
    });
  }

  /**
   * The directories to sync so that a change in the key's directory lasts: this one, and the parent of every directory above it that is not
   * known to be durable, whoever created it (a process killed before its sync may have).
   */
  #unsyncedDirectories(place: Place): string[] {
    const paths = [this.#base + place.directory || sep];
    for (let directory = place.directory; directory !== "" && !this.#durable.has(directory); ) {
      directory = directory.slice(0, directory.lastIndexOf("/"));
      paths.push(this.#base + directory || sep);
    }
    paths.push(...this.#unsyncedAboveRoot);
    return paths;
  }

  #markDurable(place: Place, synced: readonly string[]): void {
    if (this.#durable.size > maximalKnownDirectories) this.#durable.clear();
    for (let directory = place.directory; directory !== "" && !this.#durable.has(directory); ) {
      this.#durable.add(directory);
      directory = directory.slice(0, directory.lastIndexOf("/"));
    }
    for (const path of synced) this.#unsyncedAboveRoot.delete(path);
  }

  #syncDirectories(place: Place): void {
    // Windows cannot sync a directory.
    if (isWindows) return;
    const paths = this.#unsyncedDirectories(place);
    guard("sync the directory of", place, () => {
      for (const path of paths) {
        const file = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
        try {
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      }
    });
    this.#markDurable(place, paths);
  }

  async #syncDirectoriesAsync(place: Place): Promise<void> {
    if (isWindows) return;
    const paths = this.#unsyncedDirectories(place);
    try {
      for (const path of paths) {
        const file = await openAsync(path, constants.O_RDONLY | constants.O_DIRECTORY);
        try {
          await fsyncAsync(file);
        } finally {
          await closeAsync(file);
        }
      }
    } catch (error) {
      throw storeError("sync the directory of", place, error);
    }
    this.#markDurable(place, paths);
  }

  #patchSync(key: string, patch: Patch): void {
    const place = this.#locate(key);
    const { file, byteLength } = this.#openExisting(place);
    try {
      const patchedLength = checkPatch(key, patch, byteLength);
      if (patchedLength !== byteLength) ftruncateSync(file, patchedLength);
      for (const { offset, bytes } of patch.writes) writeFully(file, bytes, offset);
    } catch (error) {
      throw storeError("patch", place, error);
    } finally {
      closeSync(file);
    }
  }

  async #patch(key: string, patch: Patch): Promise<void> {
    const place = this.#locate(key);
    const { file, byteLength } = this.#openExisting(place);
    try {
      const patchedLength = checkPatch(key, patch, byteLength);
      if (patchedLength !== byteLength) ftruncateSync(file, patchedLength);
      for (const { offset, bytes } of patch.writes) await writeFullyAsync(file, bytes, offset);
    } catch (error) {
      throw storeError("patch", place, error);
    } finally {
      closeSync(file);
    }
  }

  /** Keys of the directories that a listing begins with: one, or none if it does not exist. */
  #listingStart(prefix: string): string[] {
    const directory = prefix.slice(0, Math.max(0, prefix.lastIndexOf("/")));
    if (directory !== "" || (prefix !== "" && !prefix.startsWith("/"))) checkSegments(prefix, directory);
    if (directory.includes(`/${hiddenPrefix}`)) return [];
    return this.#directoryExists({ key: prefix, directory, path: this.#base + directory }) ? [directory] : [];
  }

  *#walk(prefix: string, pending: string[]): Generator<string, void, undefined> {
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      const path = this.#base + directory || sep;
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
      const path = this.#base + directory || sep;
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
      const target = realpath(this.#base + key);
      if (target === undefined || !target.startsWith(this.#realRoot)) return false;
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
  const nameStart = path.lastIndexOf("/") + 1;
  temporaryCount++;
  return `${path.slice(0, nameStart)}${hiddenPrefix}${path.slice(nameStart)}.${processToken}-${temporaryCount}.tmp`;
}
