/** Locks per key: their order, and that every read-modify-write holds one. */

import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  type ByteRange,
  type CodecOption,
  createArray,
  createArraySync,
  init,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
  type SyncStore,
  slice,
} from "../../src/index.js";
import { KeyLocks, type LockMode } from "../../src/stores/key_locks.js";
import { GatedStore, settle } from "../support/gated_store.js";

beforeAll(() => init());

/** Whether nobody holds the key, and the table has no entry for it any more. */
function isFree(locks: KeyLocks, key: string): boolean {
  try {
    locks.checkSync(key, "exclusive");
    return true;
  } catch {
    return false;
  }
}

describe("KeyLocks", () => {
  /** Acquires one after another; `granted` lists those that have the lock, `releases` their releases. */
  function acquireAll(locks: KeyLocks, modes: readonly LockMode[]) {
    const granted: number[] = [];
    const releases: (() => void)[] = [];
    modes.forEach((mode, i) => {
      locks.acquire("/c/0", mode).then((release) => {
        granted.push(i);
        releases[i] = release;
      });
    });
    return { granted, releases };
  }

  test("readers share", async () => {
    const locks = new KeyLocks();
    const { granted, releases } = acquireAll(locks, ["shared", "shared", "shared"]);
    await settle();
    expect(granted).toEqual([0, 1, 2]);
    locks.checkSync("/c/0", "shared");
    expect(isFree(locks, "/c/0")).toBe(false);
    for (const release of releases) release();
    expect(isFree(locks, "/c/0")).toBe(true);
  });

  test("a writer is alone", async () => {
    const locks = new KeyLocks();
    const { granted, releases } = acquireAll(locks, ["exclusive", "exclusive", "shared"]);
    await settle();
    expect(granted).toEqual([0]);
    expect(() => locks.checkSync("/c/0", "shared")).toThrow(expect.objectContaining({ code: "KEY_BUSY", key: "/c/0" }));
    releases[0]!();
    await settle();
    expect(granted).toEqual([0, 1]);
    releases[1]!();
    await settle();
    expect(granted).toEqual([0, 1, 2]);
    releases[2]!();
    expect(isFree(locks, "/c/0")).toBe(true);
  });

  test("who waits is served in order: no reader passes a writer", async () => {
    const locks = new KeyLocks();
    const { granted, releases } = acquireAll(locks, ["shared", "shared", "exclusive", "shared", "shared", "exclusive"]);
    await settle();
    expect(granted).toEqual([0, 1]);
    releases[1]!();
    await settle();
    expect(granted).toEqual([0, 1]);
    releases[0]!();
    await settle();
    expect(granted).toEqual([0, 1, 2]);
    releases[2]!();
    await settle();
    expect(granted).toEqual([0, 1, 2, 3, 4]);
    releases[3]!();
    releases[4]!();
    await settle();
    expect(granted).toEqual([0, 1, 2, 3, 4, 5]);
    releases[5]!();
    expect(isFree(locks, "/c/0")).toBe(true);
  });

  test("a second release does nothing", async () => {
    const locks = new KeyLocks();
    const { granted, releases } = acquireAll(locks, ["exclusive", "exclusive", "exclusive"]);
    await settle();
    releases[0]!();
    releases[0]!();
    await settle();
    expect(granted).toEqual([0, 1]);
    releases[1]!();
    await settle();
    releases[2]!();
    expect(isFree(locks, "/c/0")).toBe(true);
  });

  test("keys are independent", async () => {
    const locks = new KeyLocks();
    const release = await locks.acquire("/c/0", "exclusive");
    locks.checkSync("/c/1", "exclusive");
    (await locks.acquire("/c/1", "exclusive"))();
    release();
    expect([isFree(locks, "/c/0"), isFree(locks, "/c/1")]).toEqual([true, true]);
  });
});

/** Answers synchronous calls at once, asynchronous ones when the test says so. */
class TwoSidedStore extends GatedStore implements SyncStore {
  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    return this.values.getSync(key, range);
  }

  setSync(key: string, value: Uint8Array): void {
    this.values.setSync(key, value);
  }

  deleteSync(key: string): void {
    this.values.deleteSync(key);
  }
}

const layouts = [
  ["chunk", { shape: [8], chunkShape: [8] }],
  ["shard", { shape: [8], chunkShape: [2], shardShape: [8] }],
  ["compressed shard", { shape: [8], chunkShape: [2], shardShape: [8], compressors: ["gzip", "crc32c"] }],
  ["shard inside crc32c", shardInside([], ["crc32c"])],
  ["shard behind a transpose", shardInside([{ name: "transpose", configuration: { order: [0] } }], [])],
] as const;

function shardInside(before: readonly CodecOption[], after: readonly CodecOption[]) {
  const configuration = { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes", "crc32c"] };
  const codecs = [...before, { name: "sharding_indexed", configuration }, ...after];
  return { shape: [8], chunkShape: [8], codecs };
}

describe.each(layouts)("writes that overlap in time, %s", (_, layout) => {
  test.each([false, true])("are all there afterwards (shard there before: %s)", async (isThere) => {
    const store = new LatencyStore(new MemoryStore());
    const array = await createArray(store, { ...layout, dataType: "int16" });
    if (isThere) await array.set(null, 100);
    const again = await openArray(store);
    const order = [3, 0, 7, 5, 1, 6, 2, 4];
    await Promise.all(order.map((i) => (i % 2 === 0 ? array : again).set([i], i + 1)));
    expect([...(await array.get()).data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("the second reads only after the first has written", async () => {
    const store = new GatedStore();
    const array = await createArray(store, { ...layout, dataType: "int16" });
    await array.set(null, 100);
    store.isOpen = false;
    const writes = Promise.all([array.set([0], 1), array.set([1], 2)]);
    await settle();
    expect(store.mostInFlight).toBe(1);
    await store.answerAll();
    await writes;
    expect(store.mostInFlight).toBe(1);
    store.isOpen = true;
    expect([...(await array.get()).data]).toEqual([1, 2, ...Array(6).fill(100)]);
  });
});

describe("a synchronous call while an asynchronous one is under way", () => {
  const sharded = { shape: [16], chunkShape: [2], shardShape: [8], dataType: "int16" } as const;

  async function writing() {
    const store = new TwoSidedStore();
    const array = await createArray(store, { ...sharded, pipeline: "batched" });
    await array.set(null, 1);
    store.isOpen = false;
    const done = array.set([slice(0, 3)], 2);
    await settle();
    return { store, done, now: openArraySync(store) };
  }

  test("is refused if it writes the key, or reads a part of a shard there", async () => {
    const { store, done, now } = await writing();
    const busy = expect.objectContaining({ code: "KEY_BUSY", key: "/c/0" });
    expect(() => now.setSync([0], 3)).toThrow(busy);
    expect(() => now.setSync(null, 3)).toThrow(busy);
    expect(() => now.getSync([0])).toThrow(busy);
    await store.answerAll();
    await done;
    now.setSync([0], 3);
    expect([...now.getSync().data]).toEqual([3, 2, 2, ...Array(13).fill(1)]);
  });

  test("is served on other keys, and when it reads whole values", async () => {
    const { store, done, now } = await writing();
    now.setSync([9], 5);
    expect(now.getSync([9])).toBe(5);
    expect([...now.getSync().data].slice(0, 3)).toEqual([1, 1, 1]);
    await store.answerAll();
    await done;
    expect([...now.getSync().data].slice(0, 10)).toEqual([2, 2, 2, 1, 1, 1, 1, 1, 1, 5]);
  });

  test("waits if it is asynchronous itself, whatever the store could do", async () => {
    const { store, done, now } = await writing();
    const later = now.set([0], 3);
    await store.answerAll();
    await done;
    await store.answerAll();
    await later;
    expect([...now.getSync().data].slice(0, 4)).toEqual([3, 2, 2, 1]);
  });

  test("reads a part of a shard that an asynchronous call reads as well, but does not write it", async () => {
    const store = new TwoSidedStore();
    const array = await createArray(store, { ...sharded, pipeline: "batched" });
    await array.set(null, 1);
    store.isOpen = false;
    const reading = array.get([0]);
    await settle();
    const now = openArraySync(store);
    expect(now.getSync([1])).toBe(1);
    expect(() => now.setSync([1], 2)).toThrow(expect.objectContaining({ code: "KEY_BUSY" }));
    await store.answerAll();
    expect(await reading).toBe(1);
    now.setSync([1], 2);
    expect(now.getSync([1])).toBe(2);
  });
});

describe("a plan that fails", () => {
  test("releases its locks on the batched driver", async () => {
    const store = new GatedStore();
    const array = await createArray(store, { shape: [8], chunkShape: [4], dataType: "int16" });
    await array.set(null, 1);
    store.isOpen = false;
    const failing = array.set([slice(1, 7)], 2);
    const outcome = expect(failing).rejects.toMatchObject({ code: "STORE_ERROR", key: "/c/1" });
    const waiting = array.set([slice(2, 6)], 3);
    await settle();
    await store.fail(1, new Error("no answer"));
    await store.answerAll();
    await outcome;
    await waiting;
    store.isOpen = true;
    expect([...(await array.get()).data]).toEqual([1, 1, 3, 3, 3, 3, 1, 1]);
  });

  test("releases the store's locks, last first", () => {
    const events: string[] = [];
    const memory = new MemoryStore();
    const store: SyncStore = {
      getSync: (key, range) => memory.getSync(key, range),
      setSync: (key, value) => memory.setSync(key, value),
      deleteSync: (key) => memory.deleteSync(key),
      lockSync: (key) => {
        events.push(`lock ${key}`);
        return () => void events.push(`release ${key}`);
      },
    };
    const array = createArraySync(store, { shape: [8], chunkShape: [4], dataType: "int16", compressors: ["crc32c"] });
    array.setSync(null, 1);
    memory.setSync("/c/1", new Uint8Array(12));
    events.length = 0;
    expect(() => array.setSync([slice(2, 6)], 3)).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH" }));
    expect(events).toEqual(["lock /c/0", "lock /c/1", "release /c/1", "release /c/0"]);
    expect([...new Int16Array(memory.getSync("/c/0")!.slice(0, 8).buffer)], "nothing was written").toEqual([
      1, 1, 1, 1,
    ]);
  });

  test("releases what it had when the store refuses a lock", async () => {
    const release = vi.fn();
    const store = Object.assign(new LatencyStore(new MemoryStore()), {
      lock: async (key: string) => {
        if (key === "/c/1") throw new Error("locked by another process");
        return release;
      },
    });
    const array = await createArray(store, { shape: [8], chunkShape: [4], dataType: "int16" });
    await expect(array.set(null, 1)).rejects.toMatchObject({ code: "STORE_ERROR", key: "/c/1" });
    expect(release).toHaveBeenCalledTimes(1);
    await array.set([slice(0, 4)], 5);
    expect(release).toHaveBeenCalledTimes(2);
  });
});

test("a read of nested shards that a writer waits for comes to its end", async () => {
  const inner: CodecOption = {
    name: "sharding_indexed",
    configuration: { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes"] },
  };
  const store = new GatedStore();
  const array = await createArray(store, {
    shape: [32],
    shardShape: [32],
    chunkShape: [8],
    serializer: inner,
    dataType: "int16",
  });
  await array.set(null, 1);
  store.isOpen = false;
  const finished: string[] = [];
  const reading = array.get([9]).then((value) => finished.push(`read ${value}`));
  await settle();
  const writing = array.set([9], 2).then(() => finished.push("written"));
  await store.answerAll();
  expect(finished).toEqual(["read 1", "written"]);
  await Promise.all([reading, writing]);
});
