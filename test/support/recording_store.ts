/** A store in memory that writes down every request, so that tests can say which bytes a path may touch. */

import { MemoryStore } from "../../src/stores/memory.js";
import type { ByteRange, SyncStore } from "../../src/stores/store.js";

export interface StoreRequest {
  readonly kind: "get" | "set" | "delete" | "list";
  readonly key: string;
  readonly range: ByteRange | undefined;
  /** Bytes that were answered or stored. */
  readonly byteLength: number;
}

/** Only the synchronous surface; `new LatencyStore(recording)` is its asynchronous-only side. */
export class RecordingStore implements SyncStore {
  readonly #store: MemoryStore = new MemoryStore();
  #requests: StoreRequest[] = [];

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    const value = this.#store.getSync(key, range);
    this.#requests.push({ kind: "get", key, range, byteLength: value?.byteLength ?? 0 });
    return value;
  }

  setSync(key: string, value: Uint8Array): void {
    this.#requests.push({ kind: "set", key, range: undefined, byteLength: value.byteLength });
    this.#store.setSync(key, value);
  }

  deleteSync(key: string): void {
    this.#requests.push({ kind: "delete", key, range: undefined, byteLength: 0 });
    this.#store.deleteSync(key);
  }

  listSync(prefix: string): Iterable<string> {
    this.#requests.push({ kind: "list", key: prefix, range: undefined, byteLength: 0 });
    return this.#store.listSync(prefix);
  }

  /** The requests since the last call, and forgets them. */
  take(): StoreRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }
}

/** Requests as short texts: `get /c/0 40+16`, `get /c/0 -20`, `set /c/0`. */
export function summarize(requests: readonly StoreRequest[]): string[] {
  return requests.map(({ kind, key, range }) => {
    if (range === undefined) return `${kind} ${key}`;
    return `${kind} ${key} ${"suffixLength" in range ? `-${range.suffixLength}` : `${range.offset}+${range.length}`}`;
  });
}
