/**
 * The files of the origin private file system, as the I/O worker has them: one operation at a time, by handles that stay open.
 *
 * A handle is exclusive in the whole origin, which makes it the lock of the file, and slow to open (about a millisecond), fast to use. So up
 * to {@link maximalOpen} files stay open, and are closed when nothing has been asked for a while, or another page asks for them.
 *
 * There is no rename. So every change, of whole values too, has a journal: `__<name>.journal` beside the value (stores/in_place_journal.ts),
 * which is kept for the next change as long as the value is open, and then removed. A journal that a crash has left is decided when the
 * value is next opened, before anything is read. Who opens a journal has the value open, and nobody else then has either; only a value that does
 * not exist yet is created by who has its journal. Names that begin with `__` are the store's own.
 *
 * Specification: https://fs.spec.whatwg.org/
 */

import { RuntimeError, SyncodecError, withContext } from "../errors.js";
import type { DiskFile } from "../stores/disk.js";
import type { Durability } from "../stores/durability.js";
import { applyPatch, type Keep, type Recovery, recover, type ValueNames } from "../stores/durable.js";
import { InPlaceJournal } from "../stores/in_place_journal.js";
import { checkPatch, resolveRange } from "../stores/range.js";
import { runStepsAsync, settled } from "../stores/steps.js";
import type { ByteRange, Patch } from "../stores/store.js";
import {
  type DirectoryEntry,
  type FileEntry,
  HandleFile,
  isMissing,
  nameOf,
  openHandle,
  UnbornFile,
} from "./opfs_handle.js";
import { hiddenPrefix, type ValueState } from "./opfs_protocol.js";

const maximalOpen = 128;
const idleMilliseconds = 1000;
/** Two seconds in all, with the first attempts soon after each other: another page gives a file up when it is asked. */
const openAttempts = 25;
const longestPauseMs = 100;
const pauseStepMs = 10;
const journalSuffix = ".journal";

/** A file's path from the root of the file system, as names; and the key that messages call it by. */
export interface FilePlace {
  readonly key: string;
  readonly path: readonly string[];
}

interface JournalFile {
  readonly file: HandleFile;
  readonly keeper: InPlaceJournal;
}

interface OpenFile {
  readonly file: HandleFile;
  /** Tells this opening from all others: between two, anyone may have written. */
  readonly serial: string;
  writes: number;
  /** As long as this is `undefined` there is none. */
  journal: JournalFile | undefined;
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

function journalPlace({ key, path }: FilePlace): FilePlace {
  return { key, path: [...path.slice(0, -1), `${hiddenPrefix}${path.at(-1)}${journalSuffix}`] };
}

/** The name whose journal this would be. */
function journaledName(name: string): string | undefined {
  return name.startsWith(hiddenPrefix) && name.endsWith(journalSuffix)
    ? name.slice(hiddenPrefix.length, -journalSuffix.length)
    : undefined;
}

function namesOf(place: FilePlace): ValueNames {
  return {
    key: place.key,
    value: place.path.join("/"),
    journal: journalPlace(place).path.join("/"),
    remedy:
      '`store.recover(key, "file")` keeps the value as it is, `store.recover(key, "journal")` finishes the change',
  };
}

export class OpfsFiles {
  readonly #root: DirectoryEntry;
  readonly #askFor: (path: string) => void;
  readonly #instance: string = crypto.randomUUID();
  #openings = 0;
  /** By path. The first was used longest ago. */
  readonly #files = new Map<string, OpenFile>();
  /** Files that are not given up, and how many times that was asked for. */
  readonly #pinned = new Map<string, number>();
  readonly #directories = new Map<string, DirectoryEntry>();
  #last: Promise<unknown> = Promise.resolve();
  /** Path of the file that the operation under way is about. */
  #current: string | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** @param askFor Asks other pages for a file, which call {@link giveUp}. */
  constructor(root: DirectoryEntry, askFor: (path: string) => void = () => undefined) {
    this.#root = root;
    this.#askFor = askFor;
  }

  /** Fills what `allocate` gives for the range's length with it, if that is given; returns the length. */
  read(
    place: FilePlace,
    range: ByteRange | undefined,
    version: string | undefined,
    allocate: (byteLength: number) => Uint8Array | undefined,
  ): Promise<number | undefined> {
    return this.#inTurn("read", place, async () => {
      const opened = await this.#open(place);
      checkVersion(version, opened);
      if (opened === undefined) {
        // A range that is wrong is wrong for every value.
        resolveRange(range, 0);
        return undefined;
      }
      const { start, end } = resolveRange(range, opened.file.byteLength());
      const target = allocate(end - start);
      if (target !== undefined) opened.file.readInto(target, start);
      return end - start;
    });
  }

  size(place: FilePlace): Promise<number | undefined> {
    return this.#inTurn("read", place, async () => (await this.#open(place))?.file.byteLength());
  }

  state(place: FilePlace): Promise<ValueState | undefined> {
    return this.#inTurn("read", place, async () => {
      const opened = await this.#open(place);
      return opened && { byteLength: opened.file.byteLength(), version: versionOf(opened) };
    });
  }

  set(place: FilePlace, value: Uint8Array, durability: Durability): Promise<void> {
    return this.#inTurn("write", place, async () => {
      const patch = { writes: [{ offset: 0, bytes: value }], byteLength: value.byteLength };
      for (;;) {
        const opened = await this.#open(place);
        if (opened !== undefined) return this.#change(place, opened, patch, durability);
        if (await this.#create(place, patch, durability)) return;
      }
    });
  }

  patch(place: FilePlace, patch: Patch, durability: Durability): Promise<void> {
    return this.#inTurn("patch", place, async () => {
      const opened = await this.#open(place);
      checkVersion(patch.version, opened);
      if (opened === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key");
      checkPatch(place.key, patch, opened.file.byteLength());
      await this.#change(place, opened, patch, durability);
    });
  }

  delete(place: FilePlace): Promise<void> {
    return this.#inTurn("delete", place, async () => {
      // What a crash has left is decided first: else its journal would meet the next value of that name.
      if ((await this.#open(place)) === undefined) return;
      await this.#close(pathOf(place));
      await this.#removeFile(place);
    });
  }

  /** Decides what a crash has left of a change; `keep` says what counts where that cannot be told. */
  recover(place: FilePlace, keep: Keep | undefined): Promise<Recovery> {
    return this.#inTurn("recover", place, async () => {
      await this.#close(pathOf(place));
      const file = await this.#openFile(place, false);
      try {
        const journal = await this.#openJournal(place, false);
        if (journal === undefined) return "nothing to do";
        try {
          return await this.#decide(place, file, journal, keep);
        } finally {
          await this.#closeJournal(place, journal);
        }
      } finally {
        file?.close();
      }
    });
  }

  /** The keys under `root` that begin with `prefix`. Journals that nobody works with are decided on the way. */
  list(root: readonly string[], prefix: string): Promise<string[]> {
    return this.#inTurn("list", { key: prefix, path: root }, async () => {
      const keys: string[] = [];
      const walk = async (directory: DirectoryEntry, above: readonly string[], keyAbove: string): Promise<void> => {
        const files = new Set<string>();
        const journaled = new Set<string>();
        for await (const [name, entry] of directory.entries()) {
          const key = `${keyAbove}/${name}`;
          const owner = journaledName(name);
          if (entry.kind === "file" && owner !== undefined) {
            if (`${keyAbove}/${owner}`.startsWith(prefix)) journaled.add(owner);
          } else if (name.startsWith(hiddenPrefix)) continue;
          else if (entry.kind === "file") {
            if (key.startsWith(prefix)) files.add(name);
          } else if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) {
            await walk(await directory.getDirectoryHandle(name, { create: false }), [...above, name], key);
          }
        }
        for (const name of journaled) {
          const place = { key: `${keyAbove}/${name}`, path: [...above, name] };
          if (!(await this.#settle(place))) files.delete(name);
        }
        for (const name of files) keys.push(`${keyAbove}/${name}`);
      };
      const directory = await this.#directory(root, false);
      if (directory !== undefined) await walk(directory, root, "");
      return keys;
    });
  }

  /** Keeps a file, once it is open, until the returned function is called, whoever else wants it. */
  pin(place: FilePlace): () => void {
    const path = pathOf(place);
    this.#pinned.set(path, (this.#pinned.get(path) ?? 0) + 1);
    return () => {
      const count = (this.#pinned.get(path) ?? 0) - 1;
      if (count > 0) this.#pinned.set(path, count);
      else this.#pinned.delete(path);
    };
  }

  /** Another page asks for a file. */
  giveUp(path: string): void {
    if (this.#pinned.has(path) || !this.#files.has(path)) return;
    // An operation that waits for another page's file must not keep that page waiting for ours.
    if (path !== this.#current) void this.#close(path).catch(() => undefined);
    else void this.#inTurn("close", { key: path, path: [] }, () => this.#close(path)).catch(() => undefined);
  }

  /** Closes all files but those that are pinned. They are opened again when they are asked for. */
  closeAll(): Promise<void> {
    return this.#inTurn("close", { key: "", path: [] }, async () => {
      for (const path of [...this.#files.keys()]) if (!this.#pinned.has(path)) await this.#close(path);
    });
  }

  /** Runs `body` when all that was asked before is done. */
  #inTurn<T>(action: string, place: FilePlace, body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      this.#current = pathOf(place);
      try {
        return await body();
      } catch (error) {
        throw storeError(action, place.key, error);
      } finally {
        this.#current = undefined;
        clearTimeout(this.#idle);
        if (this.#files.size > 0) this.#idle = setTimeout(() => this.#closeIdle(), idleMilliseconds);
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** A journal that cannot be removed is found when its value is next opened. */
  #closeIdle(): void {
    void this.closeAll().catch(() => undefined);
  }

  /** The value, with nothing of a crash left to decide. */
  async #open(place: FilePlace, attempts = openAttempts): Promise<OpenFile | undefined> {
    const path = pathOf(place);
    const known = this.#files.get(path);
    if (known !== undefined) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    await this.#makeRoom();
    const file = await this.#openFile(place, false, attempts);
    if (file === undefined) return undefined;
    let journal: JournalFile | undefined;
    try {
      journal = await this.#openJournal(place, false, attempts);
      if (journal !== undefined && (await this.#decide(place, file, journal)) === "undone") {
        // Also where it was a value's creation.
        if ((await this.#fileEntry(place, false)) === undefined) {
          await this.#closeJournal(place, journal);
          return undefined;
        }
      }
      return this.#add(place, file, journal);
    } catch (error) {
      journal?.file.close();
      file.close();
      throw error;
    }
  }

  #add(place: FilePlace, file: HandleFile, journal: JournalFile | undefined): OpenFile {
    const opened = { file, serial: `${this.#instance} ${++this.#openings}`, writes: 0, journal };
    this.#files.set(pathOf(place), opened);
    return opened;
  }

  /** Closes the file that was used longest ago, if there are too many. */
  async #makeRoom(): Promise<void> {
    if (this.#files.size < maximalOpen) return;
    for (const path of this.#files.keys()) if (!this.#pinned.has(path)) return this.#close(path);
  }

  /** Decides what the journal says of the value in `file`, which is closed and removed if it was not to be. */
  #decide(place: FilePlace, file: HandleFile | undefined, journal: JournalFile, keep?: Keep): Promise<Recovery> {
    const remove = async (): Promise<void> => {
      file?.close();
      await this.#removeFile(place);
    };
    return runStepsAsync(
      recover(
        () => file && lent(file),
        () => settled(remove()),
        journal.keeper,
        namesOf(place),
        { power: false, keep },
      ),
    );
  }

  /** Changes a value; where that fails it is the old one, and is opened anew, which decides what could not be undone. */
  async #change(place: FilePlace, opened: OpenFile, patch: Patch, durability: Durability): Promise<void> {
    const { file } = opened;
    const oldLength = file.byteLength();
    try {
      if (durability !== "none") opened.journal ??= await this.#openJournal(place, true);
      opened.writes++;
      const journal = durability === "none" ? undefined : opened.journal?.keeper;
      await runStepsAsync(applyPatch(file, namesOf(place), patch, { journal, power: durability === "power" }));
    } catch (error) {
      // Bytes that the value did not have are written first, and are what the quota can refuse.
      if (durability === "none" && file.byteLength() > oldLength) file.truncate(oldLength);
      await this.#close(pathOf(place));
      throw error;
    }
  }

  /** Creates a value. False if somebody else has done so meanwhile. */
  async #create(place: FilePlace, patch: Patch, durability: Durability): Promise<boolean> {
    const journal = await this.#openJournal(place, durability !== "none");
    const file = new UnbornFile(
      () => this.#createFile(place),
      async () => {
        // `removeEntry` takes empty directories too.
        if ((await this.#fileEntry(place, false)) !== undefined) await this.#removeFile(place);
      },
    );
    try {
      if (journal !== undefined) {
        // Who has the journal creates the value; it may have been somebody else a moment ago.
        if ((await this.#fileEntry(place, false)) !== undefined) {
          journal.file.close();
          return false;
        }
        await this.#decide(place, undefined, journal);
      }
      const keeper = durability === "none" ? undefined : journal?.keeper;
      const options = { journal: keeper, power: durability === "power", isNew: true };
      await runStepsAsync(applyPatch(file, namesOf(place), patch, options));
      const created = await file.born();
      // An empty value has had nothing to flush.
      if (durability === "power") created.sync();
      this.#add(place, created, journal);
      return true;
    } catch (error) {
      try {
        if (journal?.keeper.isLive !== true) await file.truncate(0);
      } finally {
        file.close();
        if (journal !== undefined) await this.#closeJournal(place, journal);
      }
      throw error;
    }
  }

  /** Decides what a crash has left of a value, if nobody else has it open. Whether there is one. */
  async #settle(place: FilePlace): Promise<boolean> {
    try {
      if ((await this.#open(place, 1)) !== undefined) return true;
      const journal = await this.#openJournal(place, false, 1);
      if (journal === undefined) return false;
      try {
        await this.#decide(place, undefined, journal);
      } finally {
        await this.#closeJournal(place, journal);
      }
      return false;
    } catch (error) {
      const isConflict = error instanceof SyncodecError && error.code === "JOURNAL_CONFLICT";
      if (!isConflict && nameOf(error) !== "NoModificationAllowedError") throw error;
      return true;
    }
  }

  async #openJournal(place: FilePlace, create: boolean, attempts?: number): Promise<JournalFile | undefined> {
    const file = await (create
      ? this.#createFile(journalPlace(place))
      : this.#openFile(journalPlace(place), false, attempts));
    return file && { file, keeper: new InPlaceJournal(file) };
  }

  /** Closes a journal and removes it, unless it is still needed. */
  async #closeJournal(place: FilePlace, { file, keeper }: JournalFile): Promise<void> {
    file.close();
    if (keeper.isLive) return;
    try {
      await this.#removeFile(journalPlace(place));
    } catch (error) {
      // Another page has it, to create the value.
      if (nameOf(error) !== "NoModificationAllowedError") throw error;
    }
  }

  /** The file, empty if there was none. */
  async #createFile(place: FilePlace): Promise<HandleFile> {
    const file = await this.#openFile(place, true);
    if (file !== undefined) return file;
    throw new RuntimeError("STORE_ERROR", "cannot write a file in the place of a directory");
  }

  async #openFile(place: FilePlace, create: boolean, attempts = openAttempts): Promise<HandleFile | undefined> {
    for (let attempt = 1; ; attempt++) {
      const entry = await this.#fileEntry(place, create);
      if (entry === undefined) return undefined;
      try {
        return new HandleFile(await openHandle(entry));
      } catch (error) {
        // Between the two calls somebody else may have removed it, or opened it.
        const isGone = isMissing(error);
        if (isGone && !create) return undefined;
        if (attempt === attempts || !(isGone || nameOf(error) === "NoModificationAllowedError")) throw error;
      }
      this.#askFor(pathOf(place));
      await new Promise((resolve) => setTimeout(resolve, Math.min(longestPauseMs, attempt * pauseStepMs)));
    }
  }

  async #fileEntry({ path }: FilePlace, create: boolean): Promise<FileEntry | undefined> {
    const name = path.at(-1);
    if (name === undefined) return undefined;
    const find = async (): Promise<FileEntry | undefined> =>
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

  async #directory(path: readonly string[], create: boolean): Promise<DirectoryEntry | undefined> {
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

  /** Removes what is known to be a file, and closed, if it is there. */
  async #removeFile({ path }: FilePlace): Promise<void> {
    const directory = await this.#directory(path.slice(0, -1), false);
    try {
      await directory?.removeEntry(path.at(-1) ?? "");
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #close(path: string): Promise<void> {
    const opened = this.#files.get(path);
    if (opened === undefined) return;
    this.#files.delete(path);
    try {
      // As long as the value is open, nobody else has its journal.
      if (opened.journal !== undefined) await this.#closeJournal({ key: "", path: path.split("/") }, opened.journal);
    } finally {
      opened.file.close();
    }
  }
}

function pathOf({ path }: FilePlace): string {
  return path.join("/");
}

function versionOf({ serial, writes }: OpenFile): string {
  return `${serial} ${writes}`;
}

function checkVersion(version: string | object | undefined, opened: OpenFile | undefined): void {
  if (version === undefined || version === (opened && versionOf(opened))) return;
  throw new RuntimeError("VALUE_CHANGED", "the value was changed since it was opened");
}

/** The file, for somebody who closes what he is given. */
function lent(file: HandleFile): DiskFile {
  return {
    byteLength: () => file.byteLength(),
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    truncate: (byteLength) => file.truncate(byteLength),
    sync: () => file.sync(),
    close: () => undefined,
  };
}
