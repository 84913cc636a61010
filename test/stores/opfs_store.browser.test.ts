/** `OpfsStore`, in browsers only. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { OpfsFiles } from "../../src/browser/opfs_files.js";
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
describeStore("OpfsStore, asynchronous", async () => {
  const store = await OpfsStore.open(freshName());
  return { surface: asyncSurface(store), close: () => store.close() };
});

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

describe("the quota", () => {
  afterEach(() => void vi.restoreAllMocks());

  test("is a typed error, and the old value stays", async () => {
    const files = new OpfsFiles(await navigator.storage.getDirectory());
    const name = freshName();
    const place = { key: "/a", path: [name, "a"] };
    await files.set(place, bytes(1, 2, 3), "none");
    const prototype: unknown = Reflect.get(Reflect.get(globalThis, "FileSystemSyncAccessHandle"), "prototype");
    vi.spyOn(prototype as { truncate(): void }, "truncate").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    const refused = { name: "RuntimeError", code: "QUOTA_EXCEEDED", key: "/a" };
    await expect(files.set(place, ascending(10), "none")).rejects.toMatchObject(refused);
    await expect(files.patch(place, { writes: [], byteLength: 10 }, "none")).rejects.toMatchObject(refused);
    const target = new Uint8Array(3);
    expect(await files.read(place, undefined, undefined, () => target)).toBe(3);
    expect(target).toEqual(bytes(1, 2, 3));
    const fresh = { key: "/b", path: [name, "b"] };
    await expect(files.set(fresh, ascending(10), "none")).rejects.toMatchObject({ ...refused, key: "/b" });
    expect(await files.list([name], "/")).toEqual(["/a"]);
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
