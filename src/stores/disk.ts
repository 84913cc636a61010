/** Files as the durability protocol sees them. An implementation answers every call at once, or every call with a promise. */

import type { Settling } from "./steps.js";

/** An open file. Offsets and lengths in bytes. */
export interface DiskFile {
  byteLength(): Settling<number>;
  /** The bytes there are from `offset`, at most `length`. */
  read(offset: number, length: number): Settling<Uint8Array>;
  /** Writes all of `bytes`, past the end too. */
  write(offset: number, bytes: Uint8Array): Settling<void>;
  truncate(byteLength: number): Settling<void>;
  /** Returns when what was written survives a loss of power. */
  sync(): Settling<void>;
  close(): Settling<void>;
}

/** Files by their paths. */
export interface Disk {
  /** The file, for reading and writing; `undefined` if there is none. */
  open(path: string): Settling<DiskFile | undefined>;
  /** A new, empty file; fails if there is one. */
  create(path: string): Settling<DiskFile>;
  exists(path: string): Settling<boolean>;
  /** Puts the file in the place of what is under `to`, if anything is. */
  rename(from: string, to: string): Settling<void>;
  /** Whether there was such a file. */
  remove(path: string): Settling<boolean>;
  /** Returns when the entries of the file's directory, and its own way from the root, survive a loss of power. */
  syncDirectory(path: string): Settling<void>;
}
