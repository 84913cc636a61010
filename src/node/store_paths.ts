/**
 * From keys to paths, and no further: key `/a/c/0` is the file `a/c/0` under the root.
 *
 * Keys are untrusted. Every segment is checked, and no key leads out of the root: a symbolic link is followed only while its target lies
 * inside the root. Directories found inside are remembered, so that the check costs nothing per chunk; it does not guard against someone
 * who swaps directories for links while the store is open.
 */

import type { Stats } from "node:fs";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  open,
  openSync,
} from "node:fs";
import { dirname, sep } from "node:path";
import { promisify } from "node:util";
import { ArgumentError, RuntimeError } from "../errors.js";
import type { ValueNames } from "../stores/durable.js";
import { closeAsync, errorCode, type FilePlace, guard, isMissing, noFollow, realpath, storeError } from "./file_io.js";
import { checkSegments } from "./key_segments.js";

const fsyncAsync = promisify(fsync);
const openAsync = promisify(open);

const isWindows = process.platform === "win32";
/** Without O_NONBLOCK, opening a named pipe would wait for its other end. It changes nothing for regular files. */
const openFlags = noFollow | (constants.O_NONBLOCK ?? 0);
const maximalKnownDirectories = 65536;
/** After a file that was missing, so many present ones are looked for before they are opened. */
const lookahead = 64;
/** Names that begin so are the store's own. */
export const hiddenPrefix = "__";

/** A checked key: `directory` is the key of its directory ("" for the root). */
export interface Place extends FilePlace {
  readonly directory: string;
}

/** Where the journal of the value at `path` is. */
export function journalPath(path: string): string {
  return besidePath(path, ".journal");
}

/** A path in the directory of `path`, hidden, and named after it. */
export function besidePath(path: string, suffix: string): string {
  const nameStart = path.lastIndexOf("/") + 1;
  return `${path.slice(0, nameStart)}${hiddenPrefix}${path.slice(nameStart)}${suffix}`;
}

export function namesOf({ key, path }: Place): ValueNames {
  return { key, value: path, journal: journalPath(path) };
}

export interface OpenedFile {
  readonly file: number;
  readonly stats: Stats;
}

export class StorePaths {
  readonly #root: string;
  /** The root without a separator at its end, to which a key is appended. */
  readonly #base: string;
  /** Whether new directories are to be synced into their parents. */
  readonly #isPowerSafe: boolean;
  /** The root with its links resolved, and a separator at its end; "" until it was found to exist. */
  #realRoot = "";
  /** Keys of directories that exist inside the root. */
  readonly #known = new Set<string>();
  /** Keys of directories whose entry in their parent is known to be on the disk. */
  readonly #durable = new Set<string>();
  /** Directories above the root whose new entries are not yet known to be on the disk. */
  readonly #unsyncedAboveRoot = new Set<string>();
  /** How many files more are looked for before they are opened. */
  #expectsMissing = 0;

  /** @param root Absolute path. */
  constructor(root: string, isPowerSafe: boolean) {
    this.#root = root;
    this.#base = root.endsWith(sep) ? root.slice(0, -1) : root;
    this.#isPowerSafe = isPowerSafe;
  }

  /** Checks the key's segments; does not touch the file system. */
  locate(key: string): Place {
    const directory = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    // A known directory has been through this check.
    const unchecked = this.#known.has(directory) ? key.slice(directory.length) : key;
    checkSegments(key, unchecked);
    return { key, directory, path: this.#base + key };
  }

  /** The path of a directory that {@link locate} or a listing has checked. */
  pathOf(directory: string): string {
    return this.#base + directory || sep;
  }

  /** Whether a path with all links resolved lies in the root. */
  isInside(target: string): boolean {
    return target.startsWith(this.#realRoot);
  }

  /**
   * Whether the key's directory exists. Every directory on the way that is not yet known is looked at once.
   *
   * @throws ArgumentError `INVALID_PATH` if one of them is a link out of the root.
   */
  directoryExists(place: Place): boolean {
    if (this.#known.has(place.directory)) return true;
    return guard("look up the directory of", place, () => {
      if (this.#realRoot === "") {
        const real = realpath(this.#root);
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

  /** Makes the key's directory, where it does not exist. What exists of the way has been found inside the root. */
  ensureDirectory(place: Place): void {
    if (this.directoryExists(place)) return;
    guard("create the directory of", place, () => {
      const first = mkdirSync(this.pathOf(place.directory), { recursive: true });
      if (first === undefined || !this.#isPowerSafe) return;
      for (let directory = place.directory; this.#base.length + directory.length >= first.length; ) {
        this.#durable.delete(directory);
        if (directory === "") break;
        directory = directory.slice(0, directory.lastIndexOf("/"));
      }
      for (let path = this.#root; path.length >= first.length; path = dirname(path)) {
        this.#unsyncedAboveRoot.add(dirname(path));
      }
    });
    if (!this.directoryExists(place)) {
      throw new RuntimeError("STORE_ERROR", `cannot create the directory of ${place.path}`, { key: place.key });
    }
  }

  /** To be called when a directory that was known is gone. */
  forget(): void {
    this.#known.clear();
    this.#realRoot = "";
  }

  stat(place: Place): Stats | undefined {
    if (!this.directoryExists(place)) return undefined;
    return guard("look up", place, () => lstatSync(place.path, { throwIfNoEntry: false }));
  }

  /** Opens the key's file, and no other: `undefined` if there is none, or a directory in its place. The caller closes it. */
  open(place: Place, flags: number): OpenedFile | undefined {
    if (!this.directoryExists(place)) return undefined;
    // A failing open costs 10 µs for its exception, these two 1 µs: worth it while files are missing. The second one is needed, because the
    // first also answers false where access is denied, and then a missing chunk would read as fill.
    if (this.#expectsMissing > 0) {
      if (!existsSync(place.path) && this.stat(place) === undefined) {
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
      if (stats.isFile()) return { file, stats };
      if (!stats.isDirectory()) throw new RuntimeError("STORE_ERROR", `${place.path} is not a regular file`);
    } catch (error) {
      closeSync(file);
      throw storeError("look up", place, error);
    }
    closeSync(file);
    return undefined;
  }

  syncDirectory(place: Place): void {
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

  async syncDirectoryAsync(place: Place): Promise<void> {
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

  /** Where the link leads in the end; `undefined` if nowhere. Throws if that is outside of the root. */
  #followLink(path: string, key: string): string | undefined {
    const target = realpath(path);
    if (target === undefined || this.isInside(target + sep)) return target;
    throw new ArgumentError("INVALID_PATH", "a symbolic link leads out of the store", { key, found: target });
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

  /**
   * The directories to sync so that a change in the key's directory lasts: this one, and the parent of every directory above it that is not
   * known to be durable, whoever created it (a process killed before its sync may have).
   */
  #unsyncedDirectories(place: Place): string[] {
    const paths = [this.pathOf(place.directory)];
    for (let directory = place.directory; directory !== "" && !this.#durable.has(directory); ) {
      directory = directory.slice(0, directory.lastIndexOf("/"));
      paths.push(this.pathOf(directory));
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
}
