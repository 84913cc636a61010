/** `OpfsStore`, in browsers only. */

import { describe, expect, test, vi } from "vitest";
import { OpfsStore, SyncOpfsStore } from "../../src/browser.js";
import { createArray, createArraySync, openArraySync, slice } from "../../src/index.js";
import { temporaryStore } from "../support/temporary_store.browser.js";
import { describeStore } from "./store_suite.js";
import { asyncSurface, syncSurface } from "./surface.js";

const bytes = (...values: number[]) => Uint8Array.from(values);
const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i);
const freshName = (): string => `opfs-store-${crypto.randomUUID()}`;

describeStore("OpfsStore, synchronous", async () => {
  const store = await temporaryStore();
  return { surface: syncSurface(store), close: () => store.close() };
});
for (const durability of ["none", "process", "power"] as const) {
  describeStore(`OpfsStore, asynchronous, ${durability}`, async () => {
    const store = await OpfsStore.open(freshName(), { durability });
    return { surface: asyncSurface(store), close: () => store.close() };
  });
}

/** A second store over the same files. */
function connected(store: OpfsStore): SyncOpfsStore {
  const other = OpfsStore.connect(store.share());
  if (!(other instanceof SyncOpfsStore)) throw new Error("this thread may not sleep");
  return other;
}

describe("OpfsStore", () => {
  test("keeps values for whoever opens the directory later, by path or handle", async () => {
    const name = freshName();
    (await OpfsStore.open(`${name}/inside`)).set("/a/b", bytes(1, 2, 3));
    const root = await navigator.storage.getDirectory();
    const byPath = await OpfsStore.open(`/${name}/`);
    expect(await byPath.get("/inside/a/b")).toEqual(bytes(1, 2, 3));
    const byHandle = await OpfsStore.open(await root.getDirectoryHandle(name));
    expect(await byHandle.get("/inside/a/b")).toEqual(bytes(1, 2, 3));
  });

  test("has more values than files stay open", async () => {
    const store = await temporaryStore();
    for (let i = 0; i < 300; i++) store.setSync(`/c/${i}`, bytes(i & 255, i >> 8));
    for (let i = 0; i < 300; i++) expect(store.getSync(`/c/${i}`)).toEqual(bytes(i & 255, i >> 8));
    expect([...store.listSync("/c/")]).toHaveLength(300);
  });

  test("answers more than its memory for replies holds", async () => {
    const store = await temporaryStore();
    const large = ascending(20 * 2 ** 20 + 3);
    store.setSync("/large", large);
    const found = store.getSync("/large")!;
    expect(Buffer.compare(found, large)).toBe(0);
    expect(store.getSync("/large", { suffixLength: 2 })).toEqual(large.subarray(-2));
    const target = new Uint8Array(large.byteLength + 1);
    expect(store.readIntoSync("/large", undefined, target)).toBe(large.byteLength);
    expect(store.readIntoSync("/large", undefined, new Uint8Array(5))).toBe(large.byteLength);
  });

  test("takes and gives memory that is shared", async () => {
    const store = await temporaryStore();
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(7);
    store.setSync("/a", shared.subarray(2, 5));
    await store.set("/b", shared.subarray(0, 2));
    expect([store.getSync("/a"), store.getSync("/b")]).toEqual([bytes(7, 7, 7), bytes(7, 7)]);
    expect(store.readIntoSync("/a", { offset: 1, length: 2 }, shared.subarray(4))).toBe(2);
  });

  test.each(["", "a", "/", "/a//b", "/a/", "/../a", "/a/./b", "/a/%2e%2E", "/a\\b", "/c:/a", "/a\0", "/\ud800"])(
    "refuses the key %j",
    async (key) => {
      const store = await temporaryStore();
      const refused = { code: "INVALID_PATH" };
      expect(() => store.getSync(key)).toThrow(expect.objectContaining(refused));
      expect(() => store.setSync(key, bytes())).toThrow(expect.objectContaining(refused));
      expect(() => store.deleteSync(key)).toThrow(expect.objectContaining(refused));
      await expect(store.get(key)).rejects.toMatchObject(refused);
      await expect(store.patch(key, { writes: [] })).rejects.toMatchObject(refused);
      await expect(store.lock(key)).rejects.toMatchObject(refused);
    },
  );

  test("refuses a directory outside", async () => {
    await expect(OpfsStore.open("../a")).rejects.toMatchObject({ code: "INVALID_PATH" });
  });

  test("says that a directory is in the way", async () => {
    const store = await temporaryStore();
    store.setSync("/a/b", bytes(1));
    expect(() => store.setSync("/a", bytes(1))).toThrow(expect.objectContaining({ code: "STORE_ERROR", key: "/a" }));
    expect(() => store.setSync("/a/b/c", bytes(1))).toThrow(expect.objectContaining({ code: "STORE_ERROR" }));
    expect(store.getSync("/a/b")).toEqual(bytes(1));
  });

  test("a file that another page has open is busy", async () => {
    const name = freshName();
    const store = await OpfsStore.open(name);
    const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
    const entry = await directory.getFileHandle("a", { create: true });
    const open: unknown = Reflect.get(entry, "createSyncAccessHandle");
    if (typeof open !== "function") throw new Error("no synchronous handles");
    const handle = await Reflect.apply(open, entry, []);
    await expect(store.get("/a")).rejects.toMatchObject({ code: "KEY_BUSY", key: "/a" });
    handle.close();
    expect(await store.get("/a")).toEqual(bytes());
  });
});

describe("stores that are connected", () => {
  test("see each other's writes", async () => {
    const store = await temporaryStore();
    const other = connected(store);
    store.setSync("/a", ascending(4));
    expect(other.getSync("/a")).toEqual(ascending(4));
    other.setRangeSync("/a", bytes(9), 1);
    expect(store.getSync("/a")).toEqual(bytes(0, 9, 2, 3));
  });

  test("versions tell writes, and reads of an old one are refused", async () => {
    const store = await temporaryStore();
    const other = connected(store);
    expect(store.openSync("/a")).toBe(undefined);
    store.setSync("/a", ascending(4));
    const open = store.openSync("/a")!;
    expect(store.openSync("/a")!.version()).toBe(open.version());
    expect(open.read({ offset: 1, length: 2 })).toEqual(bytes(1, 2));
    other.setRangeSync("/a", bytes(1), 0);
    expect(() => open.read({ suffixLength: 1 })).toThrow(expect.objectContaining({ code: "VALUE_CHANGED", key: "/a" }));
    expect(store.openSync("/a")!.version()).not.toBe(open.version());
    other.deleteSync("/a");
    expect(() => open.readInto({ suffixLength: 1 }, bytes(0))).toThrow(
      expect.objectContaining({ code: "VALUE_CHANGED" }),
    );
  });

  test("take turns with locks", async () => {
    const store = await temporaryStore();
    const other = connected(store);
    const events: string[] = [];
    const release = store.lockSync("/a");
    const waiting = other.lock("/a").then((done) => {
      events.push("other has it");
      done();
    });
    other.lockSync("/b")();
    events.push("released");
    release();
    await waiting;
    expect(events).toEqual(["released", "other has it"]);
    store.lockSync("/a")();
  });

  test("give their locks back when they are closed", async () => {
    const store = await temporaryStore();
    const other = connected(store);
    await other.lock("/a");
    other.close();
    (await store.lock("/a"))();
  });

  test("lose them with their thread", async () => {
    const store = await temporaryStore();
    const worker = new Worker(new URL("/test/browser/lock_worker.js", import.meta.url), { type: "module" });
    const port = store.share();
    const hasLock = new Promise((resolve) => worker.addEventListener("message", resolve));
    worker.postMessage(port, [port]);
    await hasLock;
    worker.terminate();
    (await store.lock("/a"))();
  });
});

describe("durability", () => {
  const entries = async (name: string): Promise<string[]> => {
    const names: string[] = [];
    const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle(name);
    for await (const entry of directory.keys()) names.push(entry);
    return names.sort();
  };

  test("is that of each store", async () => {
    const name = freshName();
    const store = await OpfsStore.open(name);
    expect(store.durability).toBe("process");
    expect(OpfsStore.connect(store.share(), { durability: "power" }).durability).toBe("power");
    expect((await OpfsStore.open(name, { durability: "none" })).durability).toBe("none");
    const unknown = { durability: "some" as "none" };
    await expect(OpfsStore.open(name, unknown)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => OpfsStore.connect(new MessageChannel().port1, unknown)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  test.each([
    ["none", ["a"]],
    ["process", ["__a.journal", "a"]],
    ["power", ["__a.journal", "a"]],
  ] as const)("%s: journals are kept while values are open, and removed then", async (durability, open) => {
    const name = freshName();
    const store = await OpfsStore.open(name, { durability });
    await store.set("/a", ascending(3000));
    await store.setRange("/a", bytes(9), 7);
    expect(await entries(name)).toEqual(open);
    for await (const key of store.list("/")) expect(key).toBe("/a");
    store.close();
    await vi.waitFor(async () => expect(await entries(name)).toEqual(["a"]));
    expect((await (await OpfsStore.open(name)).get("/a"))?.[7]).toBe(9);
  });

  test("the names of journals are no keys", async () => {
    const store = await temporaryStore();
    for (const key of ["/__a.journal", "/a/__b", "/__c/d"]) {
      expect(() => store.setSync(key, bytes())).toThrow(expect.objectContaining({ code: "INVALID_PATH", key }));
      await expect(store.get(key)).rejects.toMatchObject({ code: "INVALID_PATH" });
    }
  });

  test("a patch for another version is refused", async () => {
    const store = await temporaryStore();
    store.setSync("/a", ascending(4));
    const writes = [{ offset: 0, bytes: bytes(9) }];
    const version = store.openSync("/a")!.version();
    store.patchSync("/a", { writes, version });
    expect(store.getSync("/a")).toEqual(bytes(9, 1, 2, 3));
    const refused = { code: "VALUE_CHANGED", key: "/a" };
    expect(() => store.patchSync("/a", { writes: [], version })).toThrow(expect.objectContaining(refused));
    await expect(store.patch("/a", { writes, version })).rejects.toMatchObject(refused);
  });

  test("values without journals have nothing to recover", async () => {
    const store = await temporaryStore();
    store.setSync("/a", ascending(4));
    expect(store.recoverSync("/a")).toBe("nothing to do");
    expect(store.recoverSync("/a", "file")).toBe("nothing to do");
    expect(await store.recover("/b", "journal")).toBe("nothing to do");
    expect(store.getSync("/a")).toEqual(ascending(4));
  });

  test("a journal that is damaged is a conflict, until it is said what counts", async () => {
    const name = freshName();
    const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
    const write = async (file: string, content: Uint8Array<ArrayBuffer>): Promise<void> => {
      const stream = await (await directory.getFileHandle(file, { create: true })).createWritable();
      await stream.write(content);
      await stream.close();
    };
    await write("a", ascending(10));
    await write("__a.journal", ascending(200));
    const store = await OpfsStore.open(name);
    const refused = { code: "JOURNAL_CONFLICT", key: "/a", message: expect.stringContaining("store.recover(key") };
    await expect(store.get("/a")).rejects.toMatchObject(refused);
    await expect(store.set("/a", bytes(1))).rejects.toMatchObject(refused);
    await expect(store.delete("/a")).rejects.toMatchObject(refused);
    await expect(store.recover("/a", "journal")).rejects.toMatchObject(refused);
    expect(await store.recover("/a", "file")).toBe("dropped");
    expect(await store.get("/a")).toEqual(ascending(10));
    expect(await entries(name)).toEqual(["a"]);
  });
});

describe("values that are open", () => {
  test("are read asynchronously, as long as they are what they were", async () => {
    const store = await temporaryStore();
    store.setSync("/a", ascending(10));
    expect(await store.open("/b")).toBe(undefined);
    const value = (await store.open("/a"))!;
    expect([value.byteLength, value.version()]).toEqual([10, store.openSync("/a")!.version()]);
    expect(await value.readAsync?.({ offset: 2, length: 3 })).toEqual(bytes(2, 3, 4));
    expect(() => value.read({ suffixLength: 1 })).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    store.setRangeSync("/a", bytes(1), 0);
    await expect(value.readAsync?.({ suffixLength: 1 })).rejects.toMatchObject({ code: "VALUE_CHANGED", key: "/a" });
    value.close();
  });
});

describe("arrays", () => {
  test("part of a shard is patched in place", async () => {
    const store = await temporaryStore();
    const options = { shape: [64, 64], shardShape: [64, 64], chunkShape: [8, 8], dataType: "uint16" } as const;
    const array = createArraySync(store, options);
    array.setSync(null, 1);
    const [patch, set] = [vi.spyOn(store, "patchSync"), vi.spyOn(store, "setSync")];
    array.setSync([slice(3, 5), slice(0, 20)], 2);
    expect([patch.mock.calls.length, set.mock.calls.length]).toEqual([1, 0]);
    const again = openArraySync(connected(store));
    expect(again.getSync([4, 19])).toBe(2);
    expect(again.getSync([4, 20])).toBe(1);
  });

  test("writes to one shard by two threads' stores are all there", async () => {
    const store = await temporaryStore();
    const options = {
      shape: [64],
      shardShape: [64],
      chunkShape: [4],
      dataType: "int32",
      compressors: ["gzip"],
    } as const;
    const array = await createArray(store, options);
    const other = openArraySync<"int32">(connected(store));
    const writes = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? array : other).set([i], i));
    await Promise.all(writes);
    expect((await array.get()).data).toEqual(Int32Array.from({ length: 64 }, (_, i) => i));
  });
});
