/** Opened values: one version for several reads, whatever happens to the key meanwhile; and the files that LocalStore keeps open. */

import { mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createArraySync, MemoryStore, openArraySync, slice } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "syncodec-open-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe.each([
  ["LocalStore", () => new LocalStore(root, { durability: "none" })],
  ["MemoryStore", () => new MemoryStore()],
] as const)("%s", (_, make) => {
  test("reads ranges of the version that was opened", () => {
    const store = make();
    store.setSync("/a", bytes(1, 2, 3, 4, 5));
    const value = store.openSync("/a")!;
    expect(value.byteLength).toBe(5);
    store.setSync("/a", bytes(9, 9));
    expect([...value.read({ offset: 1, length: 2 })]).toEqual([2, 3]);
    expect([...value.read({ suffixLength: 2 })]).toEqual([4, 5]);
    expect([...value.read({ offset: 4, length: 9 })]).toEqual([5]);
    const target = new Uint8Array(3);
    expect(value.readInto({ offset: 0, length: 3 }, target)).toBe(3);
    expect([...target]).toEqual([1, 2, 3]);
    expect(value.readInto({ offset: 0, length: 5 }, target)).toBe(5);
    store.deleteSync("/a");
    expect([...value.read({ offset: 0, length: 1 })]).toEqual([1]);
    value.close();
    expect(store.openSync("/a")).toBeUndefined();
  });

  test("the version changes with the value, and not without", async () => {
    const store = make();
    store.setSync("/a", bytes(1, 2, 3));
    const version = (): unknown => {
      const value = store.openSync("/a")!;
      const found = value.version();
      value.close();
      return found;
    };
    // Of a file that was just replaced the version is not told.
    await setTimeout(30);
    const first = version();
    expect(first).toBeDefined();
    expect(version()).toBe(first);
    store.setSync("/a", bytes(1, 2, 3));
    await setTimeout(30);
    const second = version();
    expect(second).toBeDefined();
    expect(second).not.toBe(first);
    store.patchSync?.("/a", { writes: [{ offset: 1, bytes: bytes(7) }], byteLength: 4 });
    const third = version();
    expect(third).toBeDefined();
    expect(third).not.toBe(second);
  });
});

/** Descriptors of files under the root that this process has open. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(root);
    } catch {
      return false;
    }
  }).length;
}

describe.runIf(process.platform === "linux")("files kept open", () => {
  const read = (store: LocalStore, key: string): number[] | undefined => {
    const value = store.openSync(key);
    if (value === undefined) return undefined;
    const found = [...value.read({ offset: 0, length: value.byteLength })];
    value.close();
    return found;
  };

  test("are few, whatever is read, and closed on demand", () => {
    const store = new LocalStore(root);
    for (let i = 0; i < 100; i++) store.setSync(`/${i}`, bytes(i));
    for (let round = 0; round < 3; round++) for (let i = 0; i < 100; i++) expect(read(store, `/${i}`)).toEqual([i]);
    expect(descriptors()).toBe(32);
    store.close();
    expect(descriptors()).toBe(0);
    expect(read(store, "/5")).toEqual([5]);
    store.close();
  });

  test("are left when the path leads elsewhere: by this store, another one, or a link", () => {
    const store = new LocalStore(root);
    store.setSync("/a", bytes(1));
    expect(read(store, "/a")).toEqual([1]);
    store.setSync("/a", bytes(2));
    expect(descriptors()).toBe(0);
    expect(read(store, "/a")).toEqual([2]);
    new LocalStore(root).setSync("/a", bytes(3));
    expect(read(store, "/a")).toEqual([3]);
    writeFileSync(join(root, "b"), bytes(4));
    renameSync(join(root, "b"), join(root, "a"));
    expect(read(store, "/a")).toEqual([4]);
    store.deleteSync("/a");
    expect(read(store, "/a")).toBeUndefined();
    writeFileSync(join(root, "c"), bytes(5));
    symlinkSync(join(root, "c"), join(root, "a"));
    expect(read(store, "/a")).toEqual([5]);
    expect(read(store, "/a")).toEqual([5]);
    rmSync(join(root, "a"));
    expect(read(store, "/a")).toBeUndefined();
    store.close();
    expect(descriptors()).toBe(0);
  });

  test("stay open while they are read, and no longer", () => {
    const store = new LocalStore(root);
    store.setSync("/a", bytes(1, 2));
    const [first, second] = [store.openSync("/a")!, store.openSync("/a")!];
    expect(descriptors()).toBe(1);
    store.setSync("/a", bytes(3));
    first.close();
    expect([...second.read({ offset: 0, length: 2 })]).toEqual([1, 2]);
    second.close();
    expect(descriptors()).toBe(0);
  });

  test("serve reads and patches of arrays", () => {
    const store = new LocalStore(root, { durability: "none" });
    const options = {
      shape: [64],
      shardShape: [64],
      chunkShape: [4],
      dataType: "int32",
      compressors: ["crc32c"],
    } as const;
    createArraySync(store, options).setSync(
      null,
      Int32Array.from({ length: 64 }, (_, i) => i + 1),
    );
    const array = openArraySync(store);
    const other = openArraySync(new LocalStore(root, { durability: "none" }));
    for (let i = 0; i < 64; i++) {
      (i % 2 === 0 ? array : other).setSync([i], -i - 1);
      expect(array.getSync([i])).toBe(-i - 1);
      expect(other.getSync([slice(i, i + 1)])).toMatchObject({ data: Int32Array.of(-i - 1) });
    }
    expect(descriptors()).toBe(2);
  });
});
