/**
 * Files that a store keeps open for reading, so that the next read of the same shard costs a look at the path instead of opening it again.
 * Least recently used out first. A file is used again only while its path still leads to it, unchanged since it was last looked at.
 */

import type { Stats } from "node:fs";
import { closeSync } from "node:fs";

export interface OpenFile {
  readonly file: number;
  readonly path: string;
  stats: Stats;
  /** Readers that have not closed it yet. */
  users: number;
  /** Whether it has left the list: the last reader closes it. */
  isDropped: boolean;
}

/** Whether two looks at a file saw the same one, unchanged. */
export function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/** Closes the files of stores that nobody holds any more. */
const abandoned = new FinalizationRegistry<OpenFiles>((files) => files.close());

/** Open at once, without a reader. Each costs a descriptor. */
const fileLimit = 32;

export class OpenFiles {
  readonly #files: Map<string, OpenFile> = new Map();

  /** The files are closed when `owner` is collected, if not before. */
  constructor(owner: object) {
    abandoned.register(owner, this);
  }

  /** The open file at `path`, where `now` is what the path leads to. The caller calls {@link OpenFiles.release}. */
  acquire(path: string, now: Stats | undefined): OpenFile | undefined {
    const known = this.#files.get(path);
    if (known === undefined) return undefined;
    if (now === undefined || !isSameFile(known.stats, now)) {
      this.drop(path);
      return undefined;
    }
    this.#files.delete(path);
    this.#files.set(path, known);
    known.users++;
    return known;
  }

  /** Keeps a file that was just opened, with one reader. */
  add(path: string, file: number, stats: Stats): OpenFile {
    this.drop(path);
    const opened = { file, path, stats, users: 1, isDropped: false };
    this.#files.set(path, opened);
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= fileLimit) break;
      this.drop(oldest);
    }
    return opened;
  }

  /** To be called with a look at the file under `path` after this store has changed it. */
  refresh(path: string, now: Stats): void {
    const known = this.#files.get(path);
    if (known !== undefined && known.stats.ino === now.ino && known.stats.dev === now.dev) known.stats = now;
  }

  release(opened: OpenFile): void {
    opened.users--;
    if (opened.isDropped && opened.users === 0) closeSync(opened.file);
  }

  /** Forgets the file at `path`. */
  drop(path: string): void {
    const opened = this.#files.get(path);
    if (opened === undefined) return;
    this.#files.delete(path);
    opened.isDropped = true;
    if (opened.users === 0) closeSync(opened.file);
  }

  /** Closes every file that has no reader. */
  close(): void {
    for (const path of [...this.#files.keys()]) this.drop(path);
  }
}
