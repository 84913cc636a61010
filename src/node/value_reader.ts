/**
 * Reading values that others may patch in place meanwhile: several reads, one version.
 *
 * ```
 * look at the file -> no journal -> read ... -> no journal -> the file looks the same
 * ```
 *
 * A patch has a journal while it runs, and changes the file's times. These may have ticks of several milliseconds, so that a file that was
 * changed within the last {@link tickMs} is read under the key's lock instead, and its version is not told: unless it was this
 * store that changed it, which then gives it a time that no tick has. A journal that a crash has left is recovered under the lock; where
 * that may not be written, reading goes on as if it had been.
 */

import { constants, existsSync, fstatSync, futimesSync, type Stats } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "../errors.js";
import { type Foreseen, foresee, layOver } from "../stores/durable.js";
import { NamedJournal } from "../stores/named_journal.js";
import { resolveRange } from "../stores/range.js";
import { runSteps, type Steps, settled } from "../stores/steps.js";
import type { ByteRange, OpenValue } from "../stores/store.js";
import { errorCode, guard, readBytes, readBytesAsync, readFully, storeError } from "./file_io.js";
import type { LockFiles } from "./lock_file.js";
import { NodeFile, SyncNodeDisk } from "./node_disk.js";
import { isSameFile, type OpenFile, type OpenFiles } from "./open_files.js";
import { journalPath, namesOf, type OpenedFile, type Place, type StorePaths } from "./store_paths.js";

/** Coarser than the ticks of file times (4 ms at most where they come from the timer interrupt, 10 on Windows). */
const tickMs = 20;
/** Between two looks of one who may not lock, and waits for a writer or for a tick to pass. */
const pauseMs = 5;
/** Versions that this store has made, kept so many. */
const maximalExact = 1024;

/** Equal for equal bytes of a file, except within a tick. */
export function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

function isWithinTick({ mtimeMs, ctimeMs }: Stats): boolean {
  const now = Date.now();
  return Math.abs(now - mtimeMs) < tickMs || Math.abs(now - ctimeMs) < tickMs;
}

/** Whether this process may not write there. */
function isForbidden(error: unknown): boolean {
  const cause = error instanceof RuntimeError ? error.cause : error;
  const code = errorCode(cause);
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function writerTimeout({ key, path }: Place, milliseconds: number): RuntimeError {
  return new RuntimeError("LOCK_TIMEOUT", `${path} has been changing for ${milliseconds} ms, and may not be locked`, {
    key,
  });
}

/** How an opened value is kept one version. */
type Protection =
  /** By looking again. */
  | { readonly kind: "check"; readonly foreseen: Foreseen | undefined }
  /** By the key's lock, which `release` gives back if it was taken for this. */
  | { readonly kind: "lock"; readonly release: (() => void) | undefined };

export class ValueReader {
  readonly #paths: StorePaths;
  readonly #files: OpenFiles;
  readonly #lockFiles: LockFiles;
  readonly #lockTimeoutMs: number;
  /** By path, the versions that this store has made and that no tick has. */
  readonly #exact = new Map<string, string>();

  constructor(paths: StorePaths, files: OpenFiles, lockFiles: LockFiles, lockTimeoutMs: number) {
    this.#paths = paths;
    this.#files = files;
    this.#lockFiles = lockFiles;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  /** Opens a value whose lock this store holds; `release` gives it back, when the value is closed. */
  openLocked(place: Place, release?: () => void): OpenValue | undefined {
    let opened: OpenFile | undefined;
    try {
      opened = this.#openFile(place);
    } finally {
      if (opened === undefined) release?.();
    }
    return opened && this.#value(place, opened, { kind: "lock", release });
  }

  /** Opens a value; `acquire` takes its lock and recovers it, where that is allowed. */
  *open(place: Place, isAsync: boolean, acquire: (() => Steps<() => void>) | undefined): Steps<OpenValue | undefined> {
    for (const deadline = Date.now() + this.#lockTimeoutMs; ; ) {
      const opened = this.#openFile(place);
      if (opened === undefined) return undefined;
      const hasJournal = existsSync(journalPath(place.path));
      if (!hasJournal && this.#hasVersion(place, opened.stats)) {
        return this.#value(place, opened, { kind: "check", foreseen: undefined });
      }
      let release: (() => void) | undefined;
      let foreseen: Foreseen | undefined;
      try {
        release = yield* this.#acquireIfAllowed(acquire);
        if (release === undefined && hasJournal) foreseen = this.#foresee(place, opened);
      } catch (error) {
        this.#files.release(opened);
        throw error;
      }
      if (foreseen !== undefined) return this.#value(place, opened, { kind: "check", foreseen });
      this.#files.release(opened);
      if (release !== undefined) return this.openLocked(place, release);
      if (Date.now() > deadline) throw writerTimeout(place, this.#lockTimeoutMs);
      yield* settled(isAsync ? sleep(pauseMs) : block(pauseMs));
    }
  }

  *#acquireIfAllowed(acquire: (() => Steps<() => void>) | undefined): Steps<(() => void) | undefined> {
    if (acquire === undefined) return undefined;
    try {
      return yield* acquire();
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }

  /**
   * Gives a file that was just patched, under its lock, a time that no tick has, so that its version can be told at once. Where only the
   * file's owner may do that, the version is told when the tick is over.
   */
  markPatched({ path }: Place, { file, stats: before }: OpenedFile): void {
    try {
      // Later than the last one, and between ticks. Node takes seconds, of which a double holds a quarter of a microsecond.
      const time = Math.max(Date.now() + (performance.now() % 1), before.mtimeMs + 0.001) / 1000;
      futimesSync(file, time, time);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#exact.delete(path);
      return;
    }
    const stats = fstatSync(file);
    this.#files.refresh(path, stats);
    this.#exact.delete(path);
    this.#exact.set(path, versionOf(stats));
    if (this.#exact.size <= maximalExact) return;
    for (const oldest of this.#exact.keys()) {
      this.#exact.delete(oldest);
      return;
    }
  }

  /** Whether the value is as this store's last patch has left it. */
  isOwnPatch({ path }: Place, stats: Stats): boolean {
    return this.#exact.get(path) === versionOf(stats);
  }

  #openFile(place: Place): OpenFile | undefined {
    const known = this.#files.acquire(place.path, this.#paths.stat(place));
    if (known !== undefined) return known;
    const opened = this.#paths.open(place, constants.O_RDONLY);
    return opened && this.#files.add(place.path, opened.file, opened.stats);
  }

  /** Whether the file's times tell its version. */
  #hasVersion(place: Place, stats: Stats): boolean {
    return !isWithinTick(stats) || this.isOwnPatch(place, stats);
  }

  /** What recovery would make of the value; `undefined` while a live writer has it, or if the journal is gone. */
  #foresee(place: Place, { file }: OpenFile): Foreseen | undefined {
    if (this.#lockFiles.isHeld(place.path)) return undefined;
    const disk = new SyncNodeDisk(this.#paths, place, constants.O_RDONLY);
    const journal = new NamedJournal(disk, journalPath(place.path), "");
    return runSteps(
      (function* (): Steps<Foreseen | undefined> {
        try {
          return yield* foresee(new NodeFile(file), journal, namesOf(place));
        } finally {
          yield* journal.close();
        }
      })(),
    );
  }

  #value(place: Place, opened: OpenFile, protection: Protection): OpenValue {
    const { file, stats } = opened;
    const foreseen = protection.kind === "check" ? protection.foreseen : undefined;
    const byteLength = foreseen?.byteLength ?? stats.size;
    const read = <T>(body: () => T): T => guard("read", place, body);
    const complete = (bytes: Uint8Array, start: number): Uint8Array => {
      if (foreseen !== undefined) layOver(bytes, start, foreseen.pieces);
      return bytes;
    };
    return {
      byteLength,
      read: (range) =>
        read(() => {
          const span = resolveRange(range, byteLength);
          return complete(readBytes(file, span), span.start);
        }),
      readInto: (range, target) => {
        const { start, end } = resolveRange(range, byteLength);
        if (end - start > target.byteLength) return end - start;
        return read(() => {
          const part = target.subarray(0, end - start);
          const found = readFully(file, part, start);
          complete(part, start);
          return found;
        });
      },
      readAsync: async (range: ByteRange) => {
        const span = resolveRange(range, byteLength);
        try {
          return complete(await readBytesAsync(file, span), span.start);
        } catch (error) {
          throw storeError("read", place, error);
        }
      },
      version: () => {
        if (foreseen !== undefined) return undefined;
        const now = read(() => fstatSync(file));
        return this.#hasVersion(place, now) ? versionOf(now) : undefined;
      },
      check: () => {
        if (protection.kind === "check" && !read(() => this.#isUnchanged(place, opened, stats, foreseen))) {
          throw new RuntimeError("VALUE_CHANGED", "The value has changed while it was read", { key: place.key });
        }
      },
      close: () => {
        this.#files.release(opened);
        if (protection.kind === "lock") protection.release?.();
      },
    };
  }

  #isUnchanged(place: Place, opened: OpenFile, before: Stats, foreseen: Foreseen | undefined): boolean {
    const now = fstatSync(opened.file);
    if (foreseen !== undefined) {
      const again = this.#foresee(place, opened);
      if (again === undefined || !foreseen.id.every((byte, i) => again.id[i] === byte)) return false;
    } else if (existsSync(journalPath(place.path))) return false;
    // A file that was replaced has lost its name, which counts as a change of it, but not of its bytes.
    return isSameFile(before, now) || (now.nlink === 0 && now.mtimeMs === before.mtimeMs);
  }
}
