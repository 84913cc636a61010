/**
 * The locks of one store object, which keep its calls apart: among its own calls first, then, by a lock file, among all processes and threads.
 *
 * Asynchronous calls wait for each other in order; a synchronous one cannot wait for an asynchronous one of its own thread and is refused.
 * Synchronous holders of one key share its lock file: nothing else of this thread runs between them.
 */

import { KeyLocks } from "../stores/key_locks.js";
import { type Steps, settled } from "../stores/steps.js";
import type { LockFiles } from "./lock_file.js";
import type { Place } from "./store_paths.js";

interface HeldFile {
  holders: number;
  readonly release: () => void;
}

export class StoreLocks {
  readonly #files: LockFiles;
  readonly #queue: KeyLocks = new KeyLocks();
  readonly #held = new Map<string, HeldFile>();

  constructor(files: LockFiles) {
    this.#files = files;
  }

  /** Takes the lock of a key whose directory exists; returns its release. */
  *acquire({ key, path }: Place, isAsync: boolean): Steps<() => void> {
    let leave: () => void = () => undefined;
    if (isAsync) leave = yield* settled(this.#queue.acquire(key, "exclusive"));
    else this.#queue.checkSync(key, "exclusive");
    try {
      yield* this.#takeFile(path, isAsync);
      return () => {
        this.#leaveFile(path);
        leave();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  *#takeFile(path: string, isAsync: boolean): Steps<void> {
    const known = this.#held.get(path);
    if (known !== undefined) {
      known.holders++;
      return;
    }
    const { release } = yield* settled(isAsync ? this.#files.acquire(path) : this.#files.acquireSync(path));
    this.#held.set(path, { holders: 1, release });
  }

  #leaveFile(path: string): void {
    const held = this.#held.get(path);
    if (held === undefined || --held.holders > 0) return;
    this.#held.delete(path);
    held.release();
  }
}
