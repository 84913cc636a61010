/**
 * A disk in memory that knows what a crash may leave of it.
 *
 * It is made of small things that a disk keeps whole and independently of each other: the sectors and the length of every file, and what
 * file every name stands for. Of each the disk remembers the versions since it was last synced. A process sees the newest of all; after a
 * loss of power each thing has any of its versions, whatever the others have. That includes writes in any order, extensions that are lost
 * or filled with zeros, truncations that are lost, files without a name that come back in any state, and renames done by half.
 *
 * Directories are there once a name needs them. Every change is logged, so that it can be made again up to any point.
 */

import { createHash } from "node:crypto";
import type { Disk, DiskFile } from "../../src/stores/disk.js";
import { sectorBytes } from "../../src/stores/journal.js";

/** Files are numbered: their names change. */
type FileNumber = number;

export type DiskChange =
  | { readonly kind: "create"; readonly path: string; readonly file: FileNumber }
  | { readonly kind: "write"; readonly file: FileNumber; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly file: FileNumber; readonly byteLength: number }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "sync"; readonly file: FileNumber }
  | { readonly kind: "sync directory"; readonly directory: string };

/** What one thing has been since it was last synced, oldest first and none twice. Never changed, so that copies of the disk share it. */
type Versions<T> = readonly T[];

/** Sectors are never written into; one that is missing is all zeros. */
interface StoredFile {
  lengths: Versions<number>;
  sectors: Map<number, Versions<Uint8Array>>;
}

const zeros = new Uint8Array(sectorBytes);
const noFile: FileNumber = -1;

const newest = <T>(versions: Versions<T>): T => versions[versions.length - 1]!;
const isSameSector = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** With a version more; one that was there before only becomes the newest. */
function withVersion<T>(versions: Versions<T>, version: T, isSame: (a: T, b: T) => boolean = Object.is): Versions<T> {
  return [...versions.filter((each) => !isSame(each, version)), version];
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** An error as the file system raises them. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Where journals have their checksum and their id, which is random. */
const randomBytes = [12, 32] as const;

/** Equal for equal files under equal names, but for what is random in a journal: two runs of one operation leave the same states. */
export function fingerprintOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha1");
  for (const [path, bytes] of files) {
    hash.update(`${path} ${bytes.byteLength} `);
    if (path.includes(".journal"))
      hash.update(bytes.subarray(0, randomBytes[0])).update(bytes.subarray(randomBytes[1]));
    else hash.update(bytes);
  }
  return hash.digest("base64");
}

/** Says which of `count` versions of a thing are kept, the newest being the last. */
export type Choose = (count: number) => number;

export class CrashDisk implements Disk {
  #log: DiskChange[] = [];
  #names: Map<string, Versions<FileNumber>> = new Map();
  #files: Map<FileNumber, StoredFile> = new Map();
  #nextFile: FileNumber = 0;
  #openFiles = 0;

  /** What was changed since the disk was made, copied, or {@link settle}d. */
  get log(): readonly DiskChange[] {
    return this.#log;
  }

  /** How many files are open. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /** The same disk, syncs outstanding included, for other processes. */
  copy(): CrashDisk {
    const copy = new CrashDisk();
    copy.#names = new Map(this.#names);
    for (const [number, { lengths, sectors }] of this.#files)
      copy.#files.set(number, { lengths, sectors: new Map(sectors) });
    copy.#nextFile = this.#nextFile;
    return copy;
  }

  /** Everything as the process sees it is on the disk for good. */
  settle(): void {
    for (const [path, versions] of this.#names) this.#setName(path, [newest(versions)]);
    for (const number of this.#files.keys()) this.#sync(number);
    this.#log = [];
  }

  /** What the disk may be after a loss of power. */
  afterPowerLoss(choose: Choose): CrashDisk {
    const pick = <T>(versions: Versions<T>): T =>
      versions.length === 1 ? versions[0]! : versions[choose(versions.length)]!;
    const after = new CrashDisk();
    after.#nextFile = this.#nextFile;
    for (const [path, versions] of this.#names) {
      const number = pick(versions);
      if (number !== noFile) after.#names.set(path, [number]);
    }
    for (const number of new Set([...after.#names.values()].map(newest))) {
      const { lengths, sectors } = this.#files.get(number)!;
      const byteLength = pick(lengths);
      const kept = new Map<number, Versions<Uint8Array>>();
      for (const [sector, versions] of sectors) {
        const start = sector * sectorBytes;
        if (start < byteLength) kept.set(sector, [withoutRest(pick(versions), byteLength - start)]);
      }
      after.#files.set(number, { lengths: [byteLength], sectors: kept });
    }
    return after;
  }

  /** What a process sees, in order of the names. */
  contents(): Map<string, Uint8Array> {
    return new Map(this.paths().map((path) => [path, this.#bytes(this.#find(path)!)]));
  }

  paths(): string[] {
    return [...this.#names.keys()].filter((path) => this.#find(path) !== undefined).sort();
  }

  /** Makes a change, as another process that had the same disk made it. */
  apply(change: DiskChange): void {
    this.#log.push(change);
    switch (change.kind) {
      case "create":
        this.#nextFile = Math.max(this.#nextFile, change.file + 1);
        this.#files.set(change.file, { lengths: [0], sectors: new Map() });
        this.#link(change.path, change.file);
        break;
      case "write":
        this.#write(change.file, change.offset, change.bytes);
        break;
      case "truncate":
        this.#truncate(change.file, change.byteLength);
        break;
      case "rename":
        this.#link(change.to, this.#find(change.from)!);
        this.#link(change.from, noFile);
        break;
      case "remove":
        this.#link(change.path, noFile);
        break;
      case "sync":
        this.#sync(change.file);
        break;
      case "sync directory":
        for (const [path, versions] of this.#names)
          if (directoryOf(path) === change.directory) this.#setName(path, [newest(versions)]);
    }
  }

  open(path: string): DiskFile | undefined {
    const number = this.#find(path);
    return number === undefined ? undefined : this.#handle(number);
  }

  create(path: string): DiskFile {
    if (this.exists(path)) throw systemError("EEXIST", path);
    const file = this.#nextFile;
    this.apply({ kind: "create", path, file });
    return this.#handle(file);
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  rename(from: string, to: string): void {
    if (!this.exists(from)) throw systemError("ENOENT", from);
    this.apply({ kind: "rename", from, to });
  }

  remove(path: string): boolean {
    if (!this.exists(path)) return false;
    this.apply({ kind: "remove", path });
    return true;
  }

  syncDirectory(path: string): void {
    this.apply({ kind: "sync directory", directory: directoryOf(path) });
  }

  #handle(number: FileNumber): DiskFile {
    this.#openFiles++;
    return {
      byteLength: () => newest(this.#files.get(number)!.lengths),
      read: (offset, length) => this.#bytes(number).slice(offset, offset + length),
      write: (offset, bytes) => this.apply({ kind: "write", file: number, offset, bytes: bytes.slice() }),
      truncate: (byteLength) => this.apply({ kind: "truncate", file: number, byteLength }),
      sync: () => this.apply({ kind: "sync", file: number }),
      close: () => {
        this.#openFiles--;
      },
    };
  }

  #find(path: string): FileNumber | undefined {
    const number = newest(this.#names.get(path) ?? [noFile]);
    return number === noFile ? undefined : number;
  }

  #link(path: string, number: FileNumber): void {
    this.#setName(path, withVersion(this.#names.get(path) ?? [noFile], number));
  }

  #setName(path: string, versions: Versions<FileNumber>): void {
    if (versions.length === 1 && newest(versions) === noFile) this.#names.delete(path);
    else this.#names.set(path, versions);
  }

  #bytes(number: FileNumber): Uint8Array {
    const { lengths, sectors } = this.#files.get(number)!;
    const bytes = new Uint8Array(newest(lengths));
    for (const [sector, versions] of sectors) {
      const start = sector * sectorBytes;
      if (start < bytes.byteLength) bytes.set(newest(versions).subarray(0, bytes.byteLength - start), start);
    }
    return bytes;
  }

  #write(number: FileNumber, offset: number, bytes: Uint8Array): void {
    const file = this.#files.get(number)!;
    const end = offset + bytes.byteLength;
    for (let sector = Math.floor(offset / sectorBytes); sector * sectorBytes < end; sector++) {
      const start = sector * sectorBytes;
      const versions = file.sectors.get(sector) ?? [zeros];
      const written = newest(versions).slice();
      const from = Math.max(start, offset);
      written.set(bytes.subarray(from - offset, start + sectorBytes - offset), from - start);
      file.sectors.set(sector, withVersion(versions, written, isSameSector));
    }
    if (end > newest(file.lengths)) file.lengths = withVersion(file.lengths, end);
  }

  #truncate(number: FileNumber, byteLength: number): void {
    const file = this.#files.get(number)!;
    for (const [sector, versions] of file.sectors) {
      const kept = byteLength - sector * sectorBytes;
      if (kept < sectorBytes)
        file.sectors.set(sector, withVersion(versions, withoutRest(newest(versions), kept), isSameSector));
    }
    file.lengths = withVersion(file.lengths, byteLength);
  }

  #sync(number: FileNumber): void {
    const file = this.#files.get(number)!;
    file.lengths = [newest(file.lengths)];
    for (const [sector, versions] of file.sectors) file.sectors.set(sector, [newest(versions)]);
  }
}

/** The sector with zeros after its first `length` bytes. */
function withoutRest(sector: Uint8Array, length: number): Uint8Array {
  if (length >= sectorBytes) return sector;
  const kept = new Uint8Array(sectorBytes);
  if (length > 0) kept.set(sector.subarray(0, length));
  return kept;
}
