/** W5, the slot patch: what it reads, what it writes, when it stands back. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type ByteRange,
  type ChunkLengths,
  type CreateArrayOptions,
  crc32c,
  createArraySync,
  init,
  MemoryStore,
  type OpenValue,
  openArray,
  openArraySync,
  type Patch,
  slice,
} from "../../src/index.js";

beforeAll(() => init());

/** Notes every request after `start`, with the bytes that moved. */
class NotingStore extends MemoryStore {
  log: string[] = [];
  bytesRead = 0;
  bytesWritten = 0;

  start(): this {
    this.log = [];
    this.bytesRead = 0;
    this.bytesWritten = 0;
    return this;
  }

  override getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    const value = super.getSync(key, range);
    this.log.push(range === undefined ? "get" : "range");
    this.bytesRead += value?.byteLength ?? 0;
    return value;
  }

  override openSync(key: string): OpenValue | undefined {
    const value = super.openSync(key);
    if (value === undefined) return undefined;
    // As a store whose values do not lie in memory: every range is asked for.
    const { bytes: _, ...onDisk } = value;
    return {
      ...onDisk,
      read: (range) => {
        const bytes = value.read(range);
        this.log.push("range");
        this.bytesRead += bytes.byteLength;
        return bytes;
      },
      readInto: (range, target) => {
        const found = value.readInto(range, target);
        this.log.push("range");
        this.bytesRead += found;
        return found;
      },
    };
  }

  override setSync(key: string, value: Uint8Array): void {
    this.log.push("set");
    this.bytesWritten += value.byteLength;
    super.setSync(key, value);
  }

  override deleteSync(key: string): void {
    this.log.push("delete");
    super.deleteSync(key);
  }

  override patchSync(key: string, patch: Patch): void {
    this.log.push(`patch ${patch.writes.map(({ offset, bytes }) => `${offset}+${bytes.byteLength}`).join(" ")}`);
    for (const { bytes } of patch.writes) this.bytesWritten += bytes.byteLength;
    super.patchSync(key, patch);
  }
}

const base = { shape: [8, 8], shardShape: [8, 8], chunkShape: [2, 2], dataType: "uint16" } as const;
const filled = (options: Partial<CreateArrayOptions<"uint16">> = {}): NotingStore => {
  const store = new NotingStore();
  createArraySync(store, { ...base, subchunkWriteOrder: "lexicographic", ...options }).setSync(
    null,
    Uint16Array.from({ length: 64 }, (_, i) => i + 1),
  );
  return store.start();
};
const openNoting = (store: NotingStore, options = {}) => {
  const array = openArraySync(store, options);
  store.start();
  return array;
};

describe("requests", () => {
  test("an inner chunk written whole: the index is read, one slot is written", () => {
    const store = filled({ compressors: ["crc32c"] });
    const array = openNoting(store);
    array.setSync([slice(2, 4), slice(4, 6)], 500);
    expect(store.log).toEqual(["range", "patch 72+12"]);
    expect(store.bytesRead).toBe(16 * 16 + 4);
    expect(openArraySync(store).getSync([3, 5])).toBe(500);
  });

  test("one element: the index and its slot are read, the slot is written", () => {
    const store = filled({ compressors: ["crc32c"] });
    openNoting(store).setSync([3, 4], 500);
    expect(store.log).toEqual(["range", "range", "patch 72+12"]);
    expect(store.bytesRead).toBe(16 * 16 + 4 + 12);
    expect(store.bytesWritten).toBe(12);
  });

  test("adjacent slots are one write, and all changes of a call one patch", () => {
    const store = filled();
    openNoting(store).setSync([slice(0, 8, 6), slice(0, 4)], 9);
    expect(store.log).toEqual(["range", "range", "patch 0+16 96+16"]);
  });

  test("bytes written do not depend on the shard's size", () => {
    const written = [8, 64, 256].map((length) => {
      const store = new NotingStore();
      createArraySync(store, {
        ...base,
        shape: [length, length],
        shardShape: [length, length],
        compressors: ["crc32c"],
      }).setSync(null, 7);
      const array = openNoting(store);
      array.setSync([5, 5], 8);
      expect(store.bytesRead).toBe((length / 2) ** 2 * 16 + 4 + 12);
      return store.bytesWritten;
    });
    expect(written).toEqual([12, 12, 12]);
  });

  test("a missing shard costs no read and is written whole", () => {
    const store = new NotingStore();
    createArraySync(store, base);
    openNoting(store).setSync([1, 1], 5);
    expect(store.log).toEqual(["set"]);
  });

  test("a store that cannot open values is asked for the index of a missing shard", () => {
    const store = new NotingStore();
    Object.defineProperty(store, "openSync", { value: undefined });
    createArraySync(store, base);
    openNoting(store).setSync([1, 1], 5);
    expect(store.log).toEqual(["range", "set"]);
  });

  describe("with the index known", () => {
    const index = 16 * 16 + 4;
    const slot = 12;
    test("patches read only what they keep, and reads only what they want", () => {
      const store = filled({ compressors: ["crc32c"] });
      const array = openNoting(store);
      expect(array.getSync([0, 0])).toBe(1);
      expect(store.bytesRead).toBe(index + slot);
      store.start();
      expect(array.getSync([7, 7])).toBe(64);
      array.setSync([3, 4], 500);
      array.setSync([3, 5], 501);
      array.setSync([slice(0, 2), slice(0, 2)], 7);
      expect(store.log).toEqual(["range", "range", "patch 72+12", "range", "patch 72+12", "patch 0+12"]);
      expect(store.bytesRead).toBe(3 * slot);
      expect(openArraySync(store).getSync([3, slice(3, 6)])).toMatchObject({ data: Uint16Array.of(28, 500, 501) });
    });

    test("arrays on one store share it", () => {
      const store = filled({ compressors: ["crc32c"] });
      openArraySync(store).getSync([0, 0]);
      const array = openNoting(store);
      array.getSync([0, 0]);
      expect(store.bytesRead).toBe(slot);
    });

    test("a write by anyone else is seen", () => {
      const store = filled({ compressors: ["crc32c"] });
      const array = openArraySync(store);
      array.getSync([0, 0]);
      const other = filled({ compressors: ["crc32c"], subchunkWriteOrder: "colexicographic", fillValue: 3 });
      openArraySync(other).setSync([1, 1], 77);
      store.setSync("/c/0/0", other.getSync("/c/0/0")!.slice());
      expect(array.getSync([1, 1])).toBe(77);
      expect(array.getSync([6, 1])).toBe(50);
      store.deleteSync("/c/0/0");
      expect(array.getSync([1, 1])).toBe(0);
    });

    test("a rewrite of its own, and a foreign patch of the index, are seen", () => {
      const store = filled({ compressors: ["crc32c"] });
      const array = openArraySync(store);
      array.getSync([0, 0]);
      array.setSync([slice(0, 2), slice(0, 2)], 0);
      expect(array.getSync([0, 0])).toBe(0);
      expect(array.getSync([7, 7])).toBe(64);
      const value = store.getSync("/c/0/0")!;
      const broken = value.slice(value.byteLength - 4).map((byte) => byte ^ 1);
      store.patchSync("/c/0/0", { writes: [{ offset: value.byteLength - 4, bytes: broken }] });
      expect(() => array.getSync([7, 7])).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH" }));
    });

    test("indexCacheBytes: 0 keeps none", () => {
      const store = filled({ compressors: ["crc32c"] });
      const array = openNoting(store, { indexCacheBytes: 0 });
      array.getSync([0, 0]);
      array.getSync([0, 0]);
      expect(store.bytesRead).toBe(2 * (index + slot));
    });
  });

  test("patch: false rewrites", () => {
    const store = filled();
    openNoting(store, { patch: false }).setSync([1, 1], 5);
    expect(store.log).toEqual(["get", "set"]);
  });

  test("a store without patch rewrites", () => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, base).setSync(null, 3);
    const before = map.get("/c/0/0");
    openArraySync(map).setSync([1, 1], 5);
    expect(map.get("/c/0/0")).not.toBe(before);
    expect(openArraySync(map).getSync([1, 1])).toBe(5);
  });

  test.each([
    ["a slot that appears", (store: NotingStore) => openArraySync(store).setSync([slice(0, 2), slice(0, 2)], 0), 5],
    ["a slot that disappears", () => undefined, 0],
  ])("%s makes it a rewrite where the store cannot append", (_, prepare, value) => {
    const store = filled();
    Object.defineProperty(store, "patchSync", { value: undefined });
    Object.defineProperty(store, "patch", { value: undefined });
    prepare(store);
    openNoting(store).setSync([slice(0, 2), slice(0, 2)], value);
    expect(store.log.at(-1)).toBe("set");
    expect(openArraySync(store).getSync([1, 1])).toBe(value);
  });

  test("with writeEmptyChunks a slot of fill values is patched", () => {
    const store = filled();
    openNoting(store, { writeEmptyChunks: true }).setSync([slice(0, 2), slice(0, 2)], 0);
    expect(store.log).toEqual(["range", "patch 0+8"]);
  });

  test("a shard within the shard is one slot", () => {
    const inner = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2, 2], codecs: ["bytes", "crc32c"], index_codecs: ["bytes", "crc32c"] },
    };
    const store = new NotingStore();
    const layout = {
      shape: [8, 8],
      shardShape: [8, 8],
      chunkShape: [4, 4],
      dataType: "uint16",
      codecs: [inner],
    } as const;
    createArraySync(store, { ...layout, subchunkWriteOrder: "lexicographic" }).setSync(
      null,
      Uint16Array.from({ length: 64 }, (_, i) => i + 1),
    );
    const array = openNoting(store);
    const length = 4 * 12 + 4 * 16 + 4;
    array.setSync([5, 6], 500);
    expect(store.log).toEqual(["range", "range", `patch ${3 * length}+${length}`]);
    // An inner chunk of it becomes empty: its length changes.
    store.start();
    array.setSync([slice(4, 6), slice(4, 6)], 0);
    const index = 4 * 16 + 4;
    expect(store.log).toEqual(["range", `patch ${4 * length + index}+${length - 12 + index}`]);
    const expected = Uint16Array.from({ length: 64 }, (_, i) => i + 1);
    expected[5 * 8 + 6] = 500;
    for (const i of [36, 37, 44, 45]) expected[i] = 0;
    expect(openArraySync(store).getSync().data).toEqual(expected);
  });

  test("wrapped shards, and compressed ones that cannot be appended to, are rewritten", () => {
    for (const codec of ["gzip", "zstd"]) {
      const store = filled({ compressors: [codec] });
      Object.defineProperty(store, "patchSync", { value: undefined });
      Object.defineProperty(store, "patch", { value: undefined });
      openNoting(store).setSync([1, 1], 5);
      expect(store.log).toEqual(["get", "set"]);
    }
    const store = new NotingStore();
    const codecs = [
      { name: "sharding_indexed", configuration: { chunk_shape: [2, 2], codecs: ["bytes"], index_codecs: ["bytes"] } },
      "gzip",
    ];
    createArraySync(store, { shape: [8, 8], chunkShape: [8, 8], dataType: "uint16", codecs }).setSync(null, 3);
    openNoting(store).setSync([1, 1], 5);
    expect(store.log).toEqual(["get", "set"]);
  });

  test("an inner chunk that keeps its compressed size stays where it is", () => {
    const store = filled({ compressors: ["gzip"] });
    openNoting(store).setSync([1, 1], 5);
    expect(store.log).toEqual(["range", "range", "patch 0+28"]);
  });
});

test("a shard whose slots overlap is rewritten, and so set apart", () => {
  const store = filled();
  const shard = store.getSync("/c/0/0")!.slice();
  const words = new DataView(shard.buffer);
  const index = shard.byteLength - (16 * 16 + 4);
  // Inner chunk 1 now shares the bytes of inner chunk 0.
  words.setBigUint64(index + 16, words.getBigUint64(index, true), true);
  const sum = crc32c(shard.subarray(index, index + 256));
  words.setUint32(index + 256, sum, true);
  store.setSync("/c/0/0", shard);
  const before = openArraySync<"uint16">(store).getSync().data.slice();
  openNoting(store).setSync([0, 0], 999);
  // The index is known from the read before.
  expect(store.log).toEqual(["get", "set"]);
  before[0] = 999;
  expect(openArraySync(store).getSync().data).toEqual(before);
});

test("a corrupt slot under a partial write is refused, and nothing is written", () => {
  const store = filled({ compressors: ["crc32c"] });
  const shard = store.getSync("/c/0/0")!.slice();
  shard[3]! ^= 1;
  store.setSync("/c/0/0", shard);
  const array = openNoting(store);
  expect(() => array.setSync([0, 0], 1)).toThrow(
    expect.objectContaining({ code: "CHECKSUM_MISMATCH", chunk: [0, 0], key: "/c/0/0" }),
  );
  expect(store.bytesWritten).toBe(0);
});

describe("patched and rewritten shards hold the same", () => {
  const chains = [
    { compressors: ["crc32c"] },
    { codecs: [{ name: "bytes", configuration: { endian: "big" } }, "crc32c"] },
    { codecs: [{ name: "transpose", configuration: { order: [1, 0] } }, "bytes"] },
  ] as const;
  test.each(
    chains.flatMap((chain) => [
      { ...chain, indexLocation: "start" as const },
      { ...chain, indexLocation: "end" as const },
    ]),
  )("%j", async (chain) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.nat(12),
            fc.nat(12),
            fc.nat(10),
            fc.nat(10),
            fc.integer({ min: 1, max: 3 }),
            fc.integer({ min: 1, max: 65535 }),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        fc.constantFrom(
          { shardShape: [8, 6] },
          {
            shardGrid: [
              [4, [6, 2]],
              [3, 6, 3],
            ] satisfies ChunkLengths[],
          },
        ),
        async (writes, shards) => {
          const options = {
            shape: [13, 11],
            ...shards,
            chunkShape: [2, 3],
            dataType: "uint16",
            ...chain,
          } as const;
          const stores = [new NotingStore(), new MemoryStore(), new MemoryStore()] as const;
          for (const store of stores)
            createArraySync(store, options).setSync(
              null,
              Uint16Array.from({ length: 143 }, (_, i) => i + 1),
            );
          const [patched, rewritten] = [openNoting(stores[0]), openArraySync(stores[1], { patch: false })];
          const batched = await openArray(stores[2], { pipeline: "batched" });
          for (const [a, b, c, d, step, value] of writes) {
            const selection = [
              slice(Math.min(a, b), Math.max(a, b) + 1, step),
              slice(Math.min(c, d), Math.max(c, d) + 1),
            ];
            patched.setSync(selection, value);
            rewritten.setSync(selection, value);
            await batched.set(selection, value);
          }
          expect(stores[0].log).not.toContain("get");
          const keys = [...stores[0].listSync("/c/")].sort();
          expect([...stores[1].listSync("/c/")].sort()).toEqual(keys);
          for (const key of keys)
            for (const store of stores) expect(store.getSync(key)).toEqual(stores[0].getSync(key));
        },
      ),
      { numRuns: 40 },
    );
  });
});
