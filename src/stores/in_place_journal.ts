/**
 * A journal in a file that stays, for file systems that cannot rename: each is written over the one before, and counts by its state.
 *
 * ```
 * body, its state "writing" -> state "live" -> (the change) -> state "retired"
 * ```
 *
 * With `power` each arrow waits until the disk has what comes before it. So what a cut leaves is never "live" without the whole body, and
 * {@link journalInPlace} tells it from damage.
 */

import type { DiskFile } from "./disk.js";
import type { JournalKeeper } from "./durable.js";
import { journalInPlace, liveState, retiredState, stateOffset, writingState } from "./journal.js";
import { type Steps, settled } from "./steps.js";

/** A file of more bytes is cut to so many when its journal is done. */
const keptBytes = 2 ** 20;

export class InPlaceJournal implements JournalKeeper {
  readonly #file: DiskFile;
  #isLive = false;

  /** The file may be new and empty. It stays the caller's. */
  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** Whether the file is still needed. */
  get isLive(): boolean {
    return this.#isLive;
  }

  *read(): Steps<Uint8Array | undefined> {
    const bytes = yield* settled(this.#file.read(0, yield* settled(this.#file.byteLength())));
    const journal = journalInPlace(bytes);
    this.#isLive = journal !== undefined;
    return journal;
  }

  *commit(bytes: Uint8Array, power: boolean): Steps<void> {
    bytes.set(writingState, stateOffset);
    yield* settled(this.#file.write(0, bytes));
    if (power) yield* settled(this.#file.sync());
    this.#isLive = true;
    yield* settled(this.#file.write(stateOffset, liveState));
    if (power) yield* settled(this.#file.sync());
  }

  *retire(power: boolean): Steps<void> {
    // A state without its body would be no journal.
    if (!this.#isLive) return;
    yield* settled(this.#file.write(stateOffset, retiredState));
    if (power) yield* settled(this.#file.sync());
    this.#isLive = false;
    if ((yield* settled(this.#file.byteLength())) > keptBytes) yield* settled(this.#file.truncate(keptBytes));
  }

  *secure(): Steps<void> {
    yield* settled(this.#file.sync());
  }
}
