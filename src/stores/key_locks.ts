/**
 * Locks per key within this thread: one table per store object, shared by all arrays on it.
 *
 * Readers share; a writer is alone. Asynchronous calls wait in order. A synchronous call cannot wait for an asynchronous one of its own
 * thread, so it is refused at once.
 */

import { RuntimeError } from "../errors.js";

export type LockMode = "shared" | "exclusive";

interface Waiter {
  readonly mode: LockMode;
  readonly grant: () => void;
}

interface KeyState {
  /** Number of readers that hold the key, or -1 for a writer. */
  holders: number;
  readonly waiting: Waiter[];
}

const tables = new WeakMap<object, KeyLocks>();

/** The lock table of `store`. */
export function keyLocksOf(store: object): KeyLocks {
  const known = tables.get(store);
  if (known !== undefined) return known;
  const locks = new KeyLocks();
  tables.set(store, locks);
  return locks;
}

export class KeyLocks {
  readonly #keys: Map<string, KeyState> = new Map();

  /** Whether no asynchronous call holds any key. */
  get isIdle(): boolean {
    return this.#keys.size === 0;
  }

  /**
   * Checks that a synchronous call may use `key` now. It need not take the lock: nothing else runs before it returns.
   *
   * @throws RuntimeError `KEY_BUSY` if an asynchronous call holds the key.
   */
  checkSync(key: string, mode: LockMode): void {
    if (this.isIdle) return;
    const state = this.#keys.get(key);
    if (state === undefined || (mode === "shared" && state.holders > 0)) return;
    throw new RuntimeError("KEY_BUSY", "An asynchronous call is using this key; await it before a synchronous one", {
      key,
    });
  }

  /** Waits for the lock and returns its release. */
  async acquire(key: string, mode: LockMode): Promise<() => void> {
    const held = this.#keys.get(key) ?? { holders: 0, waiting: [] };
    this.#keys.set(key, held);
    if (held.waiting.length > 0 || !canHold(held, mode)) {
      await new Promise<void>((resolve) => held.waiting.push({ mode, grant: resolve }));
    } else take(held, mode);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(key, held, mode);
    };
  }

  #release(key: string, state: KeyState, mode: LockMode): void {
    state.holders += mode === "shared" ? -1 : 1;
    for (let next = state.waiting[0]; next !== undefined && canHold(state, next.mode); next = state.waiting[0]) {
      state.waiting.shift();
      take(state, next.mode);
      next.grant();
    }
    if (state.holders === 0 && state.waiting.length === 0) this.#keys.delete(key);
  }
}

function canHold({ holders }: KeyState, mode: LockMode): boolean {
  return mode === "shared" ? holders >= 0 : holders === 0;
}

function take(state: KeyState, mode: LockMode): void {
  state.holders += mode === "shared" ? 1 : -1;
}
