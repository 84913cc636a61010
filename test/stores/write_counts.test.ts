import { expect, test } from "vitest";
import { createArray, MemoryStore, openArray, slice } from "../../src/index.js";
import type { AsyncStore, ByteRange } from "../../src/stores/store.js";

/** A store that cannot tell versions, and how often it was read. */
function remote(): { store: AsyncStore; memory: MemoryStore; reads: () => number } {
  const memory = new MemoryStore();
  let count = 0;
  const store: AsyncStore = {
    get: async (key) => {
      count++;
      return memory.getSync(key)?.slice();
    },
    getRange: async (key: string, range: ByteRange) => {
      count++;
      return memory.getSync(key, range)?.slice();
    },
    set: async (key, value) => memory.setSync(key, value),
    delete: async (key) => memory.deleteSync(key),
    list: async function* (prefix) {
      yield* memory.listSync(prefix);
    },
    patch: async (key, patch) => memory.patchSync(key, patch),
  };
  const reads = (): number => {
    const since = count;
    count = 0;
    return since;
  };
  return { store, memory, reads };
}

test("an index is read again after each write through the store, and only then", async () => {
  const { store, reads } = remote();
  const options = { shape: [64], chunkShape: [4], shardShape: [64], dataType: "uint8" } as const;
  const array = await createArray(store, options);
  await array.set(null, 1);
  reads();
  expect(await array.get([5])).toBe(1);
  expect(reads(), "index and inner chunk").toBe(2);
  expect(await array.get([9])).toBe(1);
  expect(reads(), "inner chunk").toBe(1);
  const other = await openArray(store);
  reads();
  await other.set(
    [slice(0, 64)],
    Uint8Array.from({ length: 64 }, (_, i) => (i < 32 ? 0 : i)),
  );
  reads();
  expect(await array.get([40])).toBe(40);
  expect(await array.get([5])).toBe(0);
  await other.delete();
  expect(await array.get([40])).toBe(0);
});

test("a write does not go by an index that another program may have changed", async () => {
  const { store, memory } = remote();
  const options = { shape: [16], chunkShape: [4], shardShape: [16], dataType: "uint8" } as const;
  const array = await createArray(store, { ...options, subchunkWriteOrder: "lexicographic" });
  await array.set(null, 1);
  expect(await array.get([5])).toBe(1);
  const reordered = new MemoryStore();
  const again = await createArray(reordered, { ...options, subchunkWriteOrder: "lexicographic" });
  await again.set([slice(4, 16)], 2);
  await again.set([slice(0, 4)], 3);
  memory.setSync("/c/0", reordered.getSync("/c/0")!.slice());
  await array.set([5], 9);
  const fresh = await openArray(memory);
  expect([...(await fresh.get()).data]).toEqual([3, 3, 3, 3, 2, 9, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
});
