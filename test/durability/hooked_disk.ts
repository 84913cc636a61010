/** A disk some of whose calls fail, or do nothing. */

import type { DiskFile } from "../../src/stores/disk.js";
import { sectorBytes } from "../../src/stores/journal.js";
import { runSteps, settled } from "../../src/stores/steps.js";
import type { CrashDisk } from "./crash_disk.js";
import type { ListedDisk } from "./crash_store.js";

export interface DiskCall {
  readonly kind: "open" | "create" | "exists" | "rename" | "remove" | "sync directory" | FileCall;
  /** Of a file, the name under which it was opened or created. */
  readonly path: string;
}

type FileCall = "length" | "read" | "write" | "truncate" | "sync" | "close";

/**
 * Takes the place of each call, which it makes by `proceed`, if at all; of a write it may make the first
 * sectors only, about a share of 0 to 1.
 */
export type Hook = (call: DiskCall, proceed: (share?: number) => void) => void;

export class HookedDisk implements ListedDisk {
  readonly #disk: CrashDisk;
  readonly #hook: Hook;

  constructor(disk: CrashDisk, hook: Hook) {
    this.#disk = disk;
    this.#hook = hook;
  }

  paths(): string[] {
    return this.#disk.paths();
  }

  open(path: string): DiskFile | undefined {
    const file = this.#answer({ kind: "open", path }, () => this.#disk.open(path), undefined);
    return file && this.#hooked(file, path);
  }

  create(path: string): DiskFile {
    const file = this.#answer({ kind: "create", path }, () => this.#disk.create(path), undefined);
    if (file === undefined) throw new TypeError("a file must be created");
    return this.#hooked(file, path);
  }

  exists(path: string): boolean {
    return this.#answer({ kind: "exists", path }, () => this.#disk.exists(path), false);
  }

  rename(from: string, to: string): void {
    this.#hook({ kind: "rename", path: from }, () => this.#disk.rename(from, to));
  }

  remove(path: string): boolean {
    return this.#answer({ kind: "remove", path }, () => this.#disk.remove(path), false);
  }

  syncDirectory(path: string): void {
    this.#hook({ kind: "sync directory", path }, () => this.#disk.syncDirectory(path));
  }

  #answer<T>(call: DiskCall, body: (share: number) => T, otherwise: T): T {
    let answer = otherwise;
    this.#hook(call, (share = 1) => {
      answer = body(share);
    });
    return answer;
  }

  #hooked(file: DiskFile, path: string): DiskFile {
    const call = <T>(kind: FileCall, body: (share: number) => T, otherwise: T): T =>
      this.#answer({ kind, path }, body, otherwise);
    const now = <T>(value: T | Promise<T>): T => runSteps(settled(value));
    return {
      byteLength: () => call("length", () => now(file.byteLength()), 0),
      read: (offset, length) => call("read", () => now(file.read(offset, length)), new Uint8Array(0)),
      write: (offset, bytes) =>
        call("write", (share) => now(file.write(offset, firstSectors(offset, bytes, share))), undefined),
      truncate: (byteLength) => call("truncate", () => now(file.truncate(byteLength)), undefined),
      sync: () => call("sync", () => now(file.sync()), undefined),
      close: () => call("close", () => now(file.close()), undefined),
    };
  }
}

function firstSectors(offset: number, bytes: Uint8Array, share: number): Uint8Array {
  const end = offset + bytes.byteLength * share;
  return share === 1 ? bytes : bytes.subarray(0, Math.max(0, end - (end % sectorBytes) - offset));
}
