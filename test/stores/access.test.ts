/** Which surface of a store the drivers use. */

import { expect, test } from "vitest";
import { createArraySync, MemoryStore, openArray, openArraySync } from "../../src/index.js";
import { accessStore } from "../../src/stores/access.js";

class AsyncLocks extends MemoryStore {
  locked: string[] = [];
  released: string[] = [];

  async lock(key: string): Promise<() => void> {
    this.locked.push(key);
    return () => void this.released.push(key);
  }
}

test("a store that locks only asynchronously is never driven without its lock", async () => {
  const plain = new MemoryStore();
  createArraySync(plain, { shape: [4], chunkShape: [2], dataType: "int8" }).setSync(null, 1);
  const store = new AsyncLocks([...plain.listSync("/")].map((key) => [key, plain.getSync(key)!]));
  expect(accessStore(store).sync).toBeUndefined();
  const array = await openArray(store);
  await array.set([0], 5);
  expect([store.locked, store.released]).toEqual([["/c/0"], ["/c/0"]]);
  expect(() => openArraySync(store)).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
});

test("a synchronous lock is taken for writes, and released when they fail", () => {
  class SyncLocks extends MemoryStore {
    held = 0;
    taken = 0;

    lockSync(): () => void {
      this.held++;
      this.taken++;
      return () => void this.held--;
    }
  }
  const store = new SyncLocks();
  const array = createArraySync(store, { shape: [4], chunkShape: [2], dataType: "int8", compressors: ["crc32c"] });
  array.setSync(null, 1);
  expect([store.taken, store.held]).toEqual([2, 0]);
  store.setSync("/c/0", new Uint8Array(3));
  expect(() => array.setSync([0], 2)).toThrow(expect.objectContaining({ code: "CORRUPT_DATA" }));
  expect([store.taken, store.held]).toEqual([3, 0]);
});
