/** The directory of one key as the durability protocol's {@link Disk}: with calls that answer at once, or off the event loop. */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  openSync,
  unlinkSync,
} from "node:fs";
import { promisify } from "node:util";
import type { Disk, DiskFile } from "../stores/disk.js";
import {
  closeAsync,
  errorCode,
  isMissing,
  noFollow,
  readBytes,
  readBytesAsync,
  renameOver,
  renameOverAsync,
  writeFully,
  writeFullyAsync,
} from "./file_io.js";
import type { Place, StorePaths } from "./store_paths.js";

const fsyncAsync = promisify(fsync);
const ftruncateAsync = promisify(ftruncate);

const createFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow;

/** A file by its descriptor. */
export class NodeFile implements DiskFile {
  readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  byteLength(): number {
    return fstatSync(this.descriptor).size;
  }

  read(offset: number, length: number): Uint8Array {
    return readBytes(this.descriptor, { start: offset, end: offset + length });
  }

  write(offset: number, bytes: Uint8Array): void {
    writeFully(this.descriptor, bytes, offset);
  }

  truncate(byteLength: number): void {
    ftruncateSync(this.descriptor, byteLength);
  }

  sync(): void {
    fsyncSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The same; what transfers data does it off the event loop. */
export class AsyncNodeFile implements DiskFile {
  readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  byteLength(): number {
    return fstatSync(this.descriptor).size;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return readBytesAsync(this.descriptor, { start: offset, end: offset + length });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return writeFullyAsync(this.descriptor, bytes, offset);
  }

  truncate(byteLength: number): Promise<void> {
    return ftruncateAsync(this.descriptor, byteLength);
  }

  sync(): Promise<void> {
    return fsyncAsync(this.descriptor);
  }

  close(): Promise<void> {
    return closeAsync(this.descriptor);
  }
}

/** Opening, looking up and removing take microseconds, and are the same for both. */
abstract class PlaceDisk implements Disk {
  protected readonly paths: StorePaths;
  protected readonly place: Place;

  readonly #access: number;

  /** `access`: how files are opened. */
  constructor(paths: StorePaths, place: Place, access: number = constants.O_RDWR) {
    this.paths = paths;
    this.place = place;
    this.#access = access;
  }

  abstract fileOf(descriptor: number): DiskFile;
  abstract rename(from: string, to: string): void | Promise<void>;
  abstract syncDirectory(path: string): void | Promise<void>;

  /** Opens the store's own files, which are never links. */
  open(path: string): DiskFile | undefined {
    // An exception costs 10 µs, a look 1 µs; most often there is no journal.
    if (!existsSync(path)) return undefined;
    try {
      return this.fileOf(openSync(path, this.#access | noFollow));
    } catch (error) {
      if (isMissing(errorCode(error))) return undefined;
      throw error;
    }
  }

  create(path: string): DiskFile {
    return this.fileOf(openSync(path, createFlags, 0o666));
  }

  exists(path: string): boolean {
    return existsSync(path);
  }

  remove(path: string): boolean {
    try {
      unlinkSync(path);
      return true;
    } catch (error) {
      if (isMissing(errorCode(error))) return false;
      throw error;
    }
  }
}

export class SyncNodeDisk extends PlaceDisk {
  fileOf(descriptor: number): NodeFile {
    return new NodeFile(descriptor);
  }

  rename(from: string, to: string): void {
    renameOver(from, to);
  }

  syncDirectory(): void {
    this.paths.syncDirectory(this.place);
  }
}

export class AsyncNodeDisk extends PlaceDisk {
  fileOf(descriptor: number): AsyncNodeFile {
    return new AsyncNodeFile(descriptor);
  }

  rename(from: string, to: string): Promise<void> {
    return renameOverAsync(from, to);
  }

  syncDirectory(): Promise<void> {
    return this.paths.syncDirectoryAsync(this.place);
  }
}
