/**
 * A store on a simulated disk, with the protocol of durable stores and nothing else: locks are those of one process, whose predecessor may
 * have crashed.
 */

import { RuntimeError } from "../../src/errors.js";
import type { Disk } from "../../src/stores/disk.js";
import {
  applyPatch,
  type JournalKeeper,
  type Keep,
  type Recovery,
  recover,
  type ValueNames,
} from "../../src/stores/durable.js";
import { NamedJournal } from "../../src/stores/named_journal.js";
import { resolveRange } from "../../src/stores/range.js";
import { runSteps, type Steps, settled } from "../../src/stores/steps.js";
import type { ByteRange, OpenValue, Patch, SyncStore } from "../../src/stores/store.js";
import { removeFile, replaceFile } from "../../src/stores/whole_value.js";
import { directoryOf } from "./crash_disk.js";

export interface ListedDisk extends Disk {
  paths(): string[];
}

export type Mode = "process" | "power";

export interface CrashStoreOptions {
  readonly mode: Mode;
  /** Patches write in place, without a journal: a control. */
  readonly isNaive?: boolean;
  /** Takes the place of the journal's keeper, to leave out a rule. */
  readonly keeper?: (keeper: JournalKeeper, key: string) => JournalKeeper;
}

export function journalPath(key: string): string {
  return hiddenPath(key, "journal");
}

function hiddenPath(key: string, ending: string): string {
  const directory = directoryOf(key);
  return `${directory}/__${key.slice(directory.length + 1)}.${ending}`;
}

export function isHidden(path: string): boolean {
  return path.slice(directoryOf(path).length + 1).startsWith("__");
}

export class CrashStore implements SyncStore {
  readonly copiesValues = true;
  readonly #disk: ListedDisk;
  readonly #options: CrashStoreOptions;
  readonly #power: boolean;
  readonly #held = new Set<string>();
  /** Keys whose lock was taken before; at first it may be one that a crash left, which is stolen. */
  readonly #known = new Set<string>();
  #temporaries = 0;

  constructor(disk: ListedDisk, options: CrashStoreOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#power = options.mode === "power";
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    const value = this.openSync(key);
    if (value === undefined) return undefined;
    try {
      return value.read(range ?? { offset: 0, length: value.byteLength });
    } finally {
      value.close();
    }
  }

  openSync(key: string): OpenValue | undefined {
    const file = runSteps(settled(this.#disk.open(key)));
    if (file === undefined) return undefined;
    const close = (): void => runSteps(settled(file.close()));
    let byteLength = 0;
    try {
      byteLength = runSteps(settled(file.byteLength()));
    } catch (error) {
      close();
      throw error;
    }
    const read = (range: ByteRange): Uint8Array => {
      const { start, end } = resolveRange(range, byteLength);
      return runSteps(settled(file.read(start, end - start)));
    };
    return {
      byteLength,
      read,
      readInto(range, target) {
        const bytes = read(range);
        if (bytes.byteLength <= target.byteLength) target.set(bytes);
        return bytes.byteLength;
      },
      version: () => undefined,
      close,
    };
  }

  sizeSync(key: string): number | undefined {
    return this.getSync(key)?.byteLength;
  }

  setSync(key: string, value: Uint8Array): void {
    this.#locked(key, () => replaceFile(this.#disk, key, this.#temporary(key), value, this.#power));
  }

  deleteSync(key: string): void {
    this.#locked(key, () => removeFile(this.#disk, key, this.#power));
  }

  *listSync(prefix: string): Generator<string> {
    for (const path of this.#disk.paths()) if (path.startsWith(prefix) && !isHidden(path)) yield path;
  }

  patchSync(key: string, patch: Patch): void {
    this.#locked(key, () => this.#patch(key, patch));
  }

  /** Recovers before anything else happens under the lock; whoever steals a lock sweeps what its owner left. */
  lockSync(key: string): () => void {
    if (this.#held.has(key)) throw new RuntimeError("KEY_BUSY", "The lock is held", { key });
    this.recover(key);
    if (!this.#known.has(key)) this.#sweep(key);
    this.#known.add(key);
    this.#held.add(key);
    return () => this.#held.delete(key);
  }

  /** What taking the lock does first. `keep` decides conflicts. */
  recover(key: string, keep?: Keep): Recovery {
    return runSteps(
      this.#withJournal(key, (journal) =>
        recover(
          () => this.#disk.open(key),
          () => removeFile(this.#disk, key, this.#power),
          journal,
          this.#names(key),
          { power: this.#power, keep },
        ),
      ),
    );
  }

  #locked(key: string, steps: () => Steps<void>): void {
    const release = this.#held.has(key) ? () => undefined : this.lockSync(key);
    try {
      runSteps(steps());
    } finally {
      release();
    }
  }

  *#patch(key: string, patch: Patch): Steps<void> {
    const file = yield* settled(this.#disk.open(key));
    if (file === undefined) throw new RuntimeError("STORE_ERROR", "cannot patch a missing key", { key });
    try {
      yield* this.#withJournal(key, (journal) =>
        applyPatch(file, this.#names(key), patch, {
          journal: this.#options.isNaive ? undefined : journal,
          power: this.#power,
        }),
      );
    } finally {
      yield* settled(file.close());
    }
  }

  *#withJournal<R>(key: string, steps: (journal: JournalKeeper) => Steps<R>): Steps<R> {
    const named = new NamedJournal(this.#disk, journalPath(key), this.#temporary(`${key}.journal`));
    try {
      return yield* steps(this.#options.keeper?.(named, key) ?? named);
    } finally {
      yield* named.close();
    }
  }

  #names(key: string): ValueNames {
    return { key, value: key, journal: journalPath(key) };
  }

  #temporary(key: string): string {
    return hiddenPath(key, `${this.#temporaries++}.tmp`);
  }

  #sweep(key: string): void {
    const start = hiddenPath(key, "");
    for (const path of this.#disk.paths())
      if (path.startsWith(start) && path.endsWith(".tmp")) runSteps(settled(this.#disk.remove(path)));
  }
}
