/** An asynchronous-only store whose answers a test lets through one by one, to look at what is in flight meanwhile. */

import { MemoryStore } from "../../src/stores/memory.js";
import type { AsyncStore, ByteRange } from "../../src/stores/store.js";

interface Pending {
  readonly request: string;
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

export class GatedStore implements AsyncStore {
  readonly values: MemoryStore = new MemoryStore();
  /** While true, requests are answered without waiting. */
  isOpen = true;
  /** Most requests in flight at once since the gate closed. */
  mostInFlight = 0;
  readonly #pending: Pending[] = [];

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#pass(`get ${key}`, () => this.values.getSync(key)?.slice());
  }

  getRange(key: string, range: ByteRange): Promise<Uint8Array | undefined> {
    return this.#pass(`range ${key}`, () => this.values.getSync(key, range)?.slice());
  }

  set(key: string, value: Uint8Array): Promise<void> {
    return this.#pass(`set ${key}`, () => this.values.setSync(key, value));
  }

  delete(key: string): Promise<void> {
    return this.#pass(`delete ${key}`, () => this.values.deleteSync(key));
  }

  /** Requests that wait for an answer. */
  get pending(): string[] {
    return this.#pending.map(({ request }) => request);
  }

  /** Answers the pending request at `index`, then lets everything that follows from it happen. */
  async answer(index = 0): Promise<void> {
    this.#pending.splice(index, 1)[0]!.answer();
    await settle();
  }

  async fail(index: number, error: Error): Promise<void> {
    this.#pending.splice(index, 1)[0]!.fail(error);
    await settle();
  }

  /** Answers until nothing waits any more. */
  async answerAll(): Promise<void> {
    for (await settle(); this.#pending.length > 0; ) await this.answer();
  }

  async #pass<T>(request: string, body: () => T): Promise<T> {
    if (!this.isOpen) {
      await new Promise<void>((resolve, reject) => {
        this.#pending.push({ request, answer: resolve, fail: reject });
        this.mostInFlight = Math.max(this.mostInFlight, this.#pending.length);
      });
    }
    return body();
  }
}

/** Lets all microtasks run: whatever still waits, waits for a request. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
