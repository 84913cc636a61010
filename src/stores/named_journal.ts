/** A journal as a file of its own, which counts from the moment it has its name: it is written aside and renamed. */

import type { Disk, DiskFile } from "./disk.js";
import type { JournalKeeper } from "./durable.js";
import { retiredState, stateOffset } from "./journal.js";
import { type Steps, settled } from "./steps.js";

export class NamedJournal implements JournalKeeper {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #temporary: string;
  #file: DiskFile | undefined;

  readonly #isSettled: boolean;

  /**
   * `temporary` is a name in the same directory that nobody else uses; what is left under it never counted. `isSettled`: whether the
   * directory is known to be on the disk as it is.
   */
  constructor(disk: Disk, path: string, temporary: string, isSettled = false) {
    this.#disk = disk;
    this.#path = path;
    this.#temporary = temporary;
    this.#isSettled = isSettled;
  }

  *read(): Steps<Uint8Array | undefined> {
    const file = yield* this.#open();
    return file && (yield* settled(file.read(0, yield* settled(file.byteLength()))));
  }

  *commit(bytes: Uint8Array, power: boolean): Steps<void> {
    // What the patch builds upon must not be gone when the journal is there.
    if (power && !this.#isSettled) yield* settled(this.#disk.syncDirectory(this.#path));
    const file = yield* settled(this.#disk.create(this.#temporary));
    try {
      yield* settled(file.write(0, bytes));
      if (power) yield* settled(file.sync());
      yield* settled(this.#disk.rename(this.#temporary, this.#path));
    } catch (error) {
      yield* unlessItFails(() => settled(file.close()));
      yield* unlessItFails(() => settled(this.#disk.remove(this.#temporary)));
      throw error;
    }
    this.#file = file;
    if (!power) return;
    try {
      yield* settled(this.#disk.syncDirectory(this.#path));
    } catch (error) {
      // It has its name, and would count for whoever locks the value next.
      yield* unlessItFails(() => this.retire(power));
      throw error;
    }
  }

  *retire(power: boolean): Steps<void> {
    const file = yield* this.#open();
    if (file === undefined) return;
    this.#file = undefined;
    try {
      yield* settled(file.write(stateOffset, retiredState));
      if (power) yield* settled(file.sync());
    } finally {
      yield* settled(file.close());
    }
    yield* settled(this.#disk.remove(this.#path));
  }

  *secure(): Steps<void> {
    const file = yield* this.#open();
    if (file !== undefined) yield* settled(file.sync());
    yield* settled(this.#disk.syncDirectory(this.#path));
  }

  /** To be called last. */
  *close(): Steps<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) yield* settled(file.close());
  }

  *#open(): Steps<DiskFile | undefined> {
    this.#file ??= yield* settled(this.#disk.open(this.#path));
    return this.#file;
  }
}

/** Cleans up after an error that says more than one here would. */
function* unlessItFails(steps: () => Steps<unknown>): Steps<void> {
  try {
    yield* steps();
  } catch {
    // What is left over is hidden, and gone with the next lock.
  }
}
