/**
 * What the store uses of the origin private file system, and its open files as the durability protocol sees them.
 *
 * Specification: https://fs.spec.whatwg.org/
 */

import { RuntimeError } from "../errors.js";
import type { DiskFile } from "../stores/disk.js";

/** `FileSystemSyncAccessHandle`, which TypeScript knows in workers only. */
export interface SyncAccessHandle {
  read(target: Uint8Array, options: { readonly at: number }): number;
  write(source: Uint8Array, options: { readonly at: number }): number;
  truncate(byteLength: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** As much of a `FileSystemFileHandle`. */
export interface FileEntry {
  readonly kind: "file";
}

/** As much of a `FileSystemDirectoryHandle`. */
export interface DirectoryEntry {
  readonly kind: "directory";
  getFileHandle(name: string, options: { readonly create: boolean }): Promise<FileEntry>;
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<DirectoryEntry>;
  removeEntry(name: string): Promise<void>;
  entries(): AsyncIterable<readonly [name: string, entry: { readonly kind: "file" | "directory" }]>;
}

interface SyncAccess {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

function hasSyncAccess(entry: FileEntry): entry is FileEntry & SyncAccess {
  return "createSyncAccessHandle" in entry;
}

/** Only one handle of a file can be open in the whole origin. */
export async function openHandle(entry: FileEntry): Promise<SyncAccessHandle> {
  if (hasSyncAccess(entry)) return entry.createSyncAccessHandle();
  throw new RuntimeError("UNSUPPORTED", "This browser has no createSyncAccessHandle");
}

export function nameOf(error: unknown): string | undefined {
  return error instanceof Error || error instanceof DOMException ? error.name : undefined;
}

/** Whether there is no file of that name: nothing, or a directory, or a file in the place of a directory above it. */
export function isMissing(error: unknown): boolean {
  const name = nameOf(error);
  return name === "NotFoundError" || name === "TypeMismatchError";
}

/** An open file. */
export class HandleFile implements DiskFile {
  readonly handle: SyncAccessHandle;
  /** Whether something may not be on the disk: whoever had the file before need not have flushed it. */
  #isDirty = true;

  constructor(handle: SyncAccessHandle) {
    this.handle = handle;
  }

  byteLength(): number {
    return this.handle.getSize();
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.handle.getSize() - offset)));
    this.readInto(bytes, offset);
    return bytes;
  }

  /** Fills `target`; the file must have so many bytes. */
  readInto(target: Uint8Array, offset: number): void {
    let done = 0;
    while (done < target.byteLength) {
      const count = this.handle.read(target.subarray(done), { at: offset + done });
      if (count === 0) throw new RuntimeError("STORE_ERROR", "the file ends before its size");
      done += count;
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#isDirty = true;
    let done = 0;
    while (done < bytes.byteLength) {
      const count = this.handle.write(bytes.subarray(done), { at: offset + done });
      if (count === 0) throw new RuntimeError("STORE_ERROR", "the file system takes no more bytes");
      done += count;
    }
  }

  truncate(byteLength: number): void {
    this.#isDirty = true;
    this.handle.truncate(byteLength);
  }

  sync(): void {
    if (!this.#isDirty) return;
    this.handle.flush();
    this.#isDirty = false;
  }

  close(): void {
    this.handle.close();
  }
}

/**
 * A file that does not exist before its first byte, and no longer when it is cut to nothing: so the journal that creates it can be there
 * before it, and is never missing beside a part of it.
 */
export class UnbornFile implements DiskFile {
  readonly #create: () => Promise<HandleFile>;
  readonly #remove: () => Promise<void>;
  #file: HandleFile | undefined;
  #isBegun = false;

  /** `remove` takes away what `create` has made, wholly or in part; it is closed. */
  constructor(create: () => Promise<HandleFile>, remove: () => Promise<void>) {
    this.#create = create;
    this.#remove = remove;
  }

  /** Creates the file if that was not done. */
  async born(): Promise<HandleFile> {
    this.#isBegun = true;
    this.#file ??= await this.#create();
    return this.#file;
  }

  byteLength(): number {
    return this.#file?.byteLength() ?? 0;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#file?.read(offset, length) ?? new Uint8Array(0);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    (await this.born()).write(offset, bytes);
  }

  async truncate(byteLength: number): Promise<void> {
    if (byteLength > 0) (await this.born()).truncate(byteLength);
    else if (this.#isBegun) {
      this.close();
      await this.#remove();
      this.#isBegun = false;
    }
  }

  sync(): void {
    this.#file?.sync();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
