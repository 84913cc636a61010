/**
 * The files of the origin private file system, as the I/O worker has them: one operation at a time, by handles that stay open.
 *
 * A handle is exclusive in the whole origin and slow to open (about a millisecond), fast to use. So up to {@link maximalOpen} stay open, and are
 * closed when nothing has been asked for a while, so that another page can have them.
 *
 * Specification: https://fs.spec.whatwg.org/
 */

import { RuntimeError, SyncodecError, withContext } from "../errors.js";
import { checkPatch, resolveRange } from "../stores/range.js";
import type { ByteRange, Patch } from "../stores/store.js";
import { segmentsOf } from "./key_segments.js";
import type { ValueState } from "./opfs_protocol.js";

const maximalOpen = 128;
const idleMilliseconds = 1000;
/** Another page gives its handles up within {@link idleMilliseconds} if it is idle. */
const openAttempts = 20;
const openPauseMs = 100;

/** `FileSystemSyncAccessHandle`, which TypeScript knows in workers only. */
interface SyncAccessHandle {
  read(target: Uint8Array, options: { readonly at: number }): number;
  write(source: Uint8Array, options: { readonly at: number }): number;
  truncate(byteLength: number): void;
  getSize(): number;
  close(): void;
}

function hasSyncAccess(
  entry: FileSystemFileHandle,
): entry is FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> } {
  return "createSyncAccessHandle" in entry;
}

interface OpenFile {
  readonly handle: SyncAccessHandle;
  /** Tells this opening from all others: between two, anyone may have written. */
  readonly serial: string;
  writes: number;
}

/** A file's path from the root of the file system, as names; and the key that messages call it by. */
export interface FilePlace {
  readonly key: string;
  readonly path: readonly string[];
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error || error instanceof DOMException ? error.name : undefined;
}

/** Whether there is no file of that name: nothing, or a directory, or a file in the place of a directory above it. */
function isMissing(error: unknown): boolean {
  const name = nameOf(error);
  return name === "NotFoundError" || name === "TypeMismatchError";
}

/** `error` with its key, as an error of ours. */
export function storeError(action: string, key: string, error: unknown): unknown {
  if (error instanceof SyncodecError) return withContext(error, { key });
  const name = nameOf(error);
  const details = { key, cause: error };
  if (name === "QuotaExceededError") {
    return new RuntimeError("QUOTA_EXCEEDED", `cannot ${action}: the quota of this origin is used up`, details);
  }
  if (name === "NoModificationAllowedError") {
    return new RuntimeError("KEY_BUSY", `cannot ${action}: another page or worker has the file open`, details);
  }
  return new RuntimeError("STORE_ERROR", `cannot ${action}: ${String(error)}`, details);
}

export class OpfsFiles {
  readonly #root: FileSystemDirectoryHandle;
  readonly #instance: string = crypto.randomUUID();
  #openings = 0;
  /** By path. The first was used longest ago. */
  readonly #files = new Map<string, OpenFile>();
  readonly #directories = new Map<string, FileSystemDirectoryHandle>();
  #last: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  /** The path of a directory from the root of the file system. */
  async pathOf(directory: string | FileSystemDirectoryHandle): Promise<readonly string[]> {
    if (typeof directory === "string") {
      const path = directory.replace(/^\/|\/$/g, "");
      return path === "" ? [] : segmentsOf(`/${path}`);
    }
    const path = await this.#root.resolve(directory);
    if (path !== null) return path;
    throw new RuntimeError("UNSUPPORTED", "The directory is not in the origin private file system of this page");
  }

  /** Fills what `allocate` gives for the range's length with it, if that is given; returns the length. */
  read(
    place: FilePlace,
    range: ByteRange | undefined,
    version: string | undefined,
    allocate: (byteLength: number) => Uint8Array | undefined,
  ): Promise<number | undefined> {
    return this.#inTurn("read", place, async () => {
      const file = await this.#open(place, false);
      if (version !== undefined && version !== (file && versionOf(file))) {
        throw new RuntimeError("KEY_BUSY", "the value was changed by another thread while it was read");
      }
      if (file === undefined) {
        // A range that is wrong is wrong for every value.
        resolveRange(range, 0);
        return undefined;
      }
      const { start, end } = resolveRange(range, file.handle.getSize());
      const target = allocate(end - start);
      if (target !== undefined) readFully(file.handle, target, start);
      return end - start;
    });
  }

  state(place: FilePlace): Promise<ValueState | undefined> {
    return this.#inTurn("read", place, async () => {
      const file = await this.#open(place, false);
      return file && { byteLength: file.handle.getSize(), version: versionOf(file) };
    });
  }

  /** Where there is no room for the value, the old one stays. */
  set(place: FilePlace, value: Uint8Array): Promise<void> {
    return this.#inTurn("write", place, async () => {
      const file = await this.#open(place, true);
      if (file === undefined) throw new RuntimeError("STORE_ERROR", "cannot write a file in the place of a directory");
      const isNew = file.handle.getSize() === 0 && file.writes === 0;
      try {
        write(file, [{ offset: 0, bytes: value }], value.byteLength);
      } catch (error) {
        if (isNew && file.handle.getSize() === 0) await this.#remove(place);
        throw error;
      }
    });
  }

  patch(place: FilePlace, patch: Patch): Promise<void> {
    return this.#inTurn("patch", place, async () => {
      const file = await this.#open(place, false);
      if (file === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key");
      write(file, patch.writes, checkPatch(place.key, patch, file.handle.getSize()));
    });
  }

  delete(place: FilePlace): Promise<void> {
    return this.#inTurn("delete", place, () => this.#remove(place));
  }

  /** The keys under `root` that begin with `prefix`. */
  list(root: readonly string[], prefix: string): Promise<string[]> {
    return this.#inTurn("list", { key: prefix, path: root }, async () => {
      const keys: string[] = [];
      const walk = async (directory: FileSystemDirectoryHandle, above: string): Promise<void> => {
        for await (const [name, entry] of directory.entries()) {
          const key = `${above}/${name}`;
          if (entry.kind === "file") {
            if (key.startsWith(prefix)) keys.push(key);
          } else if (prefix.startsWith(`${key}/`) || key.startsWith(prefix)) {
            await walk(await directory.getDirectoryHandle(name), key);
          } else if (`${key}/`.startsWith(prefix)) await walk(await directory.getDirectoryHandle(name), key);
        }
      };
      const directory = await this.#directory(root, false);
      if (directory !== undefined) await walk(directory, "");
      return keys;
    });
  }

  /** Runs `body` when all that was asked before is done. */
  #inTurn<T>(action: string, { key }: FilePlace, body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      try {
        return await body();
      } catch (error) {
        throw storeError(action, key, error);
      } finally {
        clearTimeout(this.#idle);
        this.#idle = setTimeout(() => this.#closeAll(), idleMilliseconds);
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #open(place: FilePlace, create: boolean): Promise<OpenFile | undefined> {
    const path = place.path.join("/");
    const known = this.#files.get(path);
    if (known !== undefined) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    const entry = await this.#fileHandle(place, create);
    if (entry === undefined) return undefined;
    const [oldest] = this.#files.keys();
    if (oldest !== undefined && this.#files.size >= maximalOpen) this.#close(oldest);
    const file = { handle: await openExclusively(entry), serial: `${this.#instance} ${++this.#openings}`, writes: 0 };
    this.#files.set(path, file);
    return file;
  }

  async #fileHandle({ path }: FilePlace, create: boolean): Promise<FileSystemFileHandle | undefined> {
    const name = path.at(-1);
    if (name === undefined) return undefined;
    const find = async (): Promise<FileSystemFileHandle | undefined> =>
      (await this.#directory(path.slice(0, -1), create))?.getFileHandle(name, { create });
    try {
      return await find();
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (!create || nameOf(error) === "TypeMismatchError") return undefined;
      // A directory that was known has been removed by someone else.
      this.#directories.clear();
      return find();
    }
  }

  async #directory(path: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
    const id = path.join("/");
    const known = path.length === 0 ? this.#root : this.#directories.get(id);
    if (known !== undefined) return known;
    const above = await this.#directory(path.slice(0, -1), create);
    try {
      const directory = await above?.getDirectoryHandle(path.at(-1) ?? "", { create });
      if (directory !== undefined) this.#directories.set(id, directory);
      return directory;
    } catch (error) {
      if (isMissing(error) && (!create || nameOf(error) === "TypeMismatchError")) return undefined;
      throw error;
    }
  }

  async #remove(place: FilePlace): Promise<void> {
    const { path } = place;
    this.#close(path.join("/"));
    // Only a file: `removeEntry` takes empty directories too.
    if ((await this.#fileHandle(place, false)) === undefined) return;
    const directory = await this.#directory(path.slice(0, -1), false);
    await directory?.removeEntry(path.at(-1) ?? "");
  }

  #close(path: string): void {
    this.#files.get(path)?.handle.close();
    this.#files.delete(path);
  }

  #closeAll(): void {
    for (const path of [...this.#files.keys()]) this.#close(path);
  }
}

function versionOf({ serial, writes }: OpenFile): string {
  return `${serial} ${writes}`;
}

async function openExclusively(entry: FileSystemFileHandle): Promise<SyncAccessHandle> {
  if (!hasSyncAccess(entry)) throw new RuntimeError("UNSUPPORTED", "This browser has no createSyncAccessHandle");
  for (let attempt = 1; ; attempt++) {
    try {
      return await entry.createSyncAccessHandle();
    } catch (error) {
      if (attempt === openAttempts || nameOf(error) !== "NoModificationAllowedError") throw error;
      await new Promise((resolve) => setTimeout(resolve, openPauseMs));
    }
  }
}

function readFully(handle: SyncAccessHandle, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.byteLength) {
    const count = handle.read(target.subarray(done), { at: position + done });
    if (count === 0) throw new RuntimeError("STORE_ERROR", "the file ends before its size");
    done += count;
  }
}

/** Writes into a file and gives it a length. The room is taken first: what the quota refuses leaves the file as it is. */
function write(file: OpenFile, writes: Patch["writes"], byteLength: number): void {
  const { handle } = file;
  const size = handle.getSize();
  if (byteLength > size) handle.truncate(byteLength);
  file.writes++;
  for (const { offset, bytes } of writes) {
    let done = 0;
    while (done < bytes.byteLength) {
      const count = handle.write(bytes.subarray(done), { at: offset + done });
      if (count === 0) throw new RuntimeError("STORE_ERROR", "the file system takes no more bytes");
      done += count;
    }
  }
  if (byteLength < size) handle.truncate(byteLength);
}
