/**
 * The origin private file system without a browser, for crashes: a *session* works with it until it dies at a chosen call, and the next one finds
 * what is left, after a kill or a loss of power.
 *
 * A kill keeps all calls before it, and a part from the front of the write it cuts. A loss of power keeps what was flushed and, of what was
 * not, any sectors of 512 bytes and any length that the file has had since; a file that was never flushed may be missing. Names are kept in the order
 * in which they came and went: nothing flushes a directory here, so that no protocol can do without that.
 */

import type { DirectoryEntry, FileEntry, SyncAccessHandle } from "../../src/browser/opfs_handle.js";

const sectorBytes = 512;

/** What every call throws once a session is dead. */
export class Crash extends Error {}

export interface Plan {
  /** Number of the call at which the session dies, from 1. */
  readonly dieAt?: number;
  /** How much of a write is done that the session dies in. */
  readonly cut?: number;
  /** The call that fails, and how; later ones succeed, or with `forGood` fail if they ask for room. */
  readonly failAt?: number;
  readonly failure?: string;
  readonly forGood?: boolean;
  /** Whether flushes are lost. */
  readonly ignoresFlush?: boolean;
}

type Effect = { readonly offset: number; readonly bytes: Uint8Array } | { readonly byteLength: number };

function resized(bytes: Uint8Array, byteLength: number): Uint8Array {
  const result = new Uint8Array(byteLength);
  result.set(bytes.subarray(0, byteLength));
  return result;
}

function applied(bytes: Uint8Array, effect: Effect): Uint8Array {
  if ("byteLength" in effect) return resized(bytes, effect.byteLength);
  const result = resized(bytes, Math.max(bytes.byteLength, effect.offset + effect.bytes.byteLength));
  result.set(effect.bytes, effect.offset);
  return result;
}

class FakeFile {
  /** What every session sees. */
  bytes: Uint8Array = new Uint8Array(0);
  /** What is on the disk for certain; `undefined` if that is not even the name. */
  flushed: Uint8Array | undefined;
  /** All that the file has been since. */
  history: Uint8Array[] = [];
  owner: Session | undefined;

  change(effect: Effect): void {
    this.bytes = applied(this.bytes, effect);
    this.history.push(this.bytes);
  }

  flush(): void {
    this.flushed = this.bytes;
    this.history = [];
  }

  copy(): FakeFile {
    const copy = new FakeFile();
    copy.bytes = this.bytes;
    copy.flushed = this.flushed;
    copy.history = [...this.history];
    return copy;
  }
}

function notFound(): DOMException {
  return new DOMException("no such entry", "NotFoundError");
}

export class FakeOpfs {
  readonly files: Map<string, FakeFile> = new Map();
  readonly directories: Set<string> = new Set();

  /** The same, for another way on from here. */
  copy(): FakeOpfs {
    const copy = new FakeOpfs();
    for (const [path, file] of this.files) copy.files.set(path, file.copy());
    for (const path of this.directories) copy.directories.add(path);
    return copy;
  }

  /** All is on the disk. */
  flush(): void {
    for (const file of this.files.values()) file.flush();
  }

  contents(): Map<string, Uint8Array> {
    return new Map([...this.files].map(([path, { bytes }]) => [path, bytes]));
  }

  /** What a loss of power can leave: all of it if that is few, else as many as `limit`, chosen by `random`. */
  *afterPowerLoss(limit: number, random: () => number): Generator<FakeOpfs> {
    const seen = new Set<string>();
    const choices = [...this.files].map(([path, file]) => ({ path, ...sectorChoices(file) }));
    for (let i = 0; i < limit; i++) {
      const image = new FakeOpfs();
      for (const path of this.directories) image.directories.add(path);
      let name = "";
      for (const { path, lengths, sectors } of choices) {
        const length = pick(lengths, i === 0 ? 0 : i === 1 ? 1 : random());
        if (length === undefined) continue;
        const file = new FakeFile();
        file.bytes = new Uint8Array(length);
        for (const [j, versions] of sectors.entries()) {
          // First nothing that was not flushed, then all of it, then any of it.
          const version = pick(versions, i === 0 ? 0 : i === 1 ? 1 : random());
          const start = j * sectorBytes;
          if (version !== undefined && start < length) file.bytes.set(version.subarray(0, length - start), start);
        }
        file.flush();
        image.files.set(path, file);
        name += `${path}:${Buffer.from(file.bytes).toString("latin1")};`;
      }
      if (seen.has(name)) continue;
      seen.add(name);
      yield image;
    }
  }
}

function pick<T>(values: readonly T[], at: number): T | undefined {
  return values[Math.min(values.length - 1, Math.floor(at * values.length))];
}

/** The lengths that a file can have after a loss of power (`undefined`: it is missing), and what can lie in each of its sectors. */
function sectorChoices({ flushed, history }: FakeFile): {
  readonly lengths: (number | undefined)[];
  readonly sectors: Uint8Array[][];
} {
  const versions = flushed === undefined ? history : [flushed, ...history];
  const lengths: (number | undefined)[] = [...new Set(versions.map(({ byteLength }) => byteLength))];
  if (flushed === undefined) lengths.unshift(undefined);
  const longest = Math.max(0, ...versions.map(({ byteLength }) => byteLength));
  const sectors: Uint8Array[][] = [];
  for (let start = 0; start < longest; start += sectorBytes) {
    const found = new Map<string, Uint8Array>();
    const blank = new Uint8Array(sectorBytes);
    if (flushed === undefined || flushed.byteLength <= start) found.set("blank", blank);
    for (const version of versions) {
      if (version.byteLength <= start) continue;
      const sector = version.subarray(start, start + sectorBytes);
      found.set(Buffer.from(sector).toString("latin1"), sector);
    }
    sectors.push([...found.values()]);
  }
  return { lengths, sectors };
}

/** A page with its I/O worker. */
export class Session {
  readonly #opfs: FakeOpfs;
  readonly #plan: Plan;
  calls = 0;
  isDead = false;

  constructor(opfs: FakeOpfs, plan: Plan = {}) {
    this.#opfs = opfs;
    this.#plan = plan;
  }

  get root(): DirectoryEntry {
    return this.#directory("");
  }

  /** Counts a call; `asksForRoom` is what a quota can refuse. `part` does as much of it as is done when the session dies in it. */
  #call(asksForRoom: boolean, part: () => void = () => undefined): void {
    const { dieAt, failAt, failure = "InvalidStateError", forGood = false } = this.#plan;
    if (this.isDead) throw new Crash();
    this.calls++;
    if (this.calls === dieAt) {
      part();
      this.isDead = true;
      throw new Crash();
    }
    if (this.calls === failAt && (asksForRoom || !forGood)) throw new DOMException("as planned", failure);
    if (forGood && asksForRoom && failAt !== undefined && this.calls > failAt)
      throw new DOMException("as planned", failure);
  }

  #directory(above: string): DirectoryEntry {
    const { files, directories } = this.#opfs;
    return {
      kind: "directory",
      getFileHandle: async (name, { create }) => {
        const path = above + name;
        this.#call(create && !files.has(path));
        if (directories.has(path)) throw new DOMException("a directory", "TypeMismatchError");
        if (above !== "" && !directories.has(above.slice(0, -1))) throw notFound();
        if (!files.has(path)) {
          if (!create) throw notFound();
          files.set(path, new FakeFile());
        }
        return this.#entry(path);
      },
      getDirectoryHandle: async (name, { create }) => {
        const path = above + name;
        this.#call(create && !directories.has(path));
        if (files.has(path)) throw new DOMException("a file", "TypeMismatchError");
        if (!directories.has(path) && !create) throw notFound();
        directories.add(path);
        return this.#directory(`${path}/`);
      },
      removeEntry: async (name) => {
        this.#call(false);
        const file = files.get(above + name);
        if (file === undefined) throw notFound();
        if (file.owner !== undefined && !file.owner.isDead)
          throw new DOMException("open", "NoModificationAllowedError");
        files.delete(above + name);
      },
      entries: () => this.#entries(above),
    };
  }

  async *#entries(above: string): AsyncGenerator<readonly [string, { readonly kind: "file" | "directory" }]> {
    this.#call(false);
    const inside = (path: string): boolean => path.startsWith(above) && !path.slice(above.length).includes("/");
    for (const path of [...this.#opfs.files.keys()].filter(inside)) yield [path.slice(above.length), { kind: "file" }];
    for (const path of [...this.#opfs.directories].filter(inside))
      yield [path.slice(above.length), { kind: "directory" }];
  }

  #entry(path: string): FileEntry & { createSyncAccessHandle(): Promise<SyncAccessHandle> } {
    return {
      kind: "file",
      createSyncAccessHandle: async () => {
        this.#call(false);
        const file = this.#opfs.files.get(path);
        if (file === undefined) throw notFound();
        if (file.owner !== undefined && !file.owner.isDead)
          throw new DOMException("open", "NoModificationAllowedError");
        file.owner = this;
        return this.#handle(file);
      },
    };
  }

  #handle(file: FakeFile): SyncAccessHandle {
    const { cut = 0, ignoresFlush = false } = this.#plan;
    return {
      getSize: () => file.bytes.byteLength,
      read: (target, { at }) => {
        const found = file.bytes.subarray(at, at + target.byteLength);
        target.set(found);
        return found.byteLength;
      },
      write: (source, { at }) => {
        const bytes = source.slice();
        const grows = at + bytes.byteLength > file.bytes.byteLength;
        this.#call(grows, () => {
          if (cut > 0) file.change({ offset: at, bytes: bytes.subarray(0, cut) });
        });
        file.change({ offset: at, bytes });
        return bytes.byteLength;
      },
      truncate: (byteLength) => {
        this.#call(byteLength > file.bytes.byteLength, () => {
          if (cut > 0) file.change({ byteLength });
        });
        file.change({ byteLength });
      },
      flush: () => {
        this.#call(false);
        if (!ignoresFlush) file.flush();
      },
      close: () => {
        file.owner = undefined;
      },
    };
  }
}
