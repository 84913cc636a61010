/** What reads do where values change under them, and what patches say that they rely upon. */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type ByteRange,
  type CreateArrayOptions,
  crc32c,
  createArraySync,
  init,
  MemoryStore,
  type OpenValue,
  openArray,
  openArraySync,
  type Patch,
  RuntimeError,
  slice,
} from "../../src/index.js";

beforeAll(() => init());

/** Values that change in place while they are read, so many times: what is read then is nonsense. */
class ChangingStore extends MemoryStore {
  changes = 0;
  /** Reads of whole values and of ranges that did not come from an open value. */
  reads = 0;
  checks = 0;
  opened = 0;

  override getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    if (key.startsWith("/c/")) this.reads++;
    return super.getSync(key, range);
  }

  override openSync(key: string): OpenValue | undefined {
    const value = super.openSync(key);
    if (value === undefined) return undefined;
    this.opened++;
    const { bytes: _, ...onDisk } = value;
    const isTorn = this.changes > 0;
    const spoil = (found: Uint8Array): Uint8Array => (isTorn ? found.map((byte) => byte ^ 0x55) : found);
    let hasRead = false;
    const read = (range: ByteRange): Uint8Array => {
      hasRead = true;
      return spoil(value.read(range));
    };
    return {
      ...onDisk,
      read,
      readInto: (range, target) => {
        const found = read(range);
        target.set(found);
        return found.byteLength;
      },
      readAsync: async (range) => read(range),
      check: () => {
        this.checks++;
        expect(hasRead).toBe(true);
        if (!isTorn) return;
        this.changes--;
        throw new RuntimeError("VALUE_CHANGED", "changed", { key });
      },
    };
  }

  async open(key: string): Promise<OpenValue | undefined> {
    return this.openSync(key);
  }
}

const ascending = Uint16Array.from({ length: 256 }, (_, i) => i + 1);
const base = { shape: [16, 16], shardShape: [8, 16], chunkShape: [4, 4], dataType: "uint16" } as const;
const nested = {
  name: "sharding_indexed",
  configuration: { chunk_shape: [2, 2], codecs: ["bytes"], index_codecs: ["bytes", "crc32c"] },
};
const layouts: Record<string, Partial<CreateArrayOptions<"uint16">>> = {
  "fixed size": { compressors: ["crc32c"] },
  compressed: { compressors: ["gzip"], indexLocation: "start" },
  "without checksums": { indexCodecs: ["bytes"] },
  nested: { codecs: [nested] },
};

describe.each(Object.entries(layouts))("values that change while they are read: %s", (_, layout) => {
  const filled = (): ChangingStore => {
    const store = new ChangingStore();
    createArraySync(store, { ...base, ...layout }).setSync(null, ascending);
    store.opened = 0;
    store.reads = 0;
    return store;
  };
  const selections = {
    "one element": [5, 6],
    "a part": [slice(3, 6), slice(2, 9)],
    "a shard": [slice(0, 8)],
    everything: null,
  } as const;
  const expected = openArraySync<"uint16">(filled());

  test.each(Object.entries(selections))("%s is read again, of one version", async (_, selection) => {
    const whole = expected.getSync(selection as null);
    for (const pipeline of ["sync", "batched"] as const) {
      const store = filled();
      const array = await openArray<"uint16">(store, { pipeline: "batched" });
      store.changes = 3;
      const found =
        pipeline === "sync" ? openArraySync(store).getSync(selection as null) : await array.get(selection as null);
      expect(found).toEqual(whole);
      expect(store.changes).toBe(0);
      expect(store.checks).toBeGreaterThanOrEqual(4);
      expect(store.reads, "past the open value").toBe(0);
    }
  });

  test("a value that changes each time is an error", async () => {
    const store = filled();
    const later = await openArray(store, { pipeline: "batched" });
    for (const selection of Object.values(selections)) {
      store.changes = 100;
      const changed = expect.objectContaining({ code: "VALUE_CHANGED", key: expect.stringMatching("^/c/") });
      expect(() => openArraySync(store).getSync(selection as null)).toThrow(changed);
      await expect(later.get(selection as null)).rejects.toEqual(changed);
      expect(store.changes).toBeGreaterThan(80);
    }
  });
});

test("what lies in memory is not checked, and shards are read from there", () => {
  const store = new MemoryStore();
  createArraySync(store, { ...base, compressors: ["gzip"] }).setSync(null, ascending);
  expect(openArraySync(store).getSync().data).toEqual(ascending);
});

test("plain chunks are not opened", async () => {
  const store = new ChangingStore();
  createArraySync(store, { shape: [16, 16], chunkShape: [4, 4], dataType: "uint16" }).setSync(null, ascending);
  openArraySync(store).getSync();
  await (await openArray(store, { pipeline: "batched" })).get();
  expect(store.opened).toBe(0);
});

/** Keeps the patches, and looks at what they rely upon before it applies them. */
class CheckingStore extends MemoryStore {
  readonly patches: Patch[] = [];
  indexReads = 0;

  override openSync(key: string): OpenValue | undefined {
    const value = super.openSync(key);
    if (value === undefined) return undefined;
    const { bytes: _, ...onDisk } = value;
    const count = (range: ByteRange): void => {
      if (!("offset" in range) || range.length > 100) this.indexReads++;
    };
    return {
      ...onDisk,
      read: (range) => {
        count(range);
        return value.read(range);
      },
      readInto: (range, target) => {
        count(range);
        return value.readInto(range, target);
      },
    };
  }

  override patchSync(key: string, patch: Patch): void {
    const value = this.getSync(key)!;
    expect(patch.version).toBe(value);
    this.patches.push(patch);
    super.patchSync(key, patch);
    // The index at the start is replaced where slots are appended.
    if (patch.guard === undefined) {
      expect(patch.writes[0]!.offset).toBe(0);
      expect(patch.byteLength).toBeGreaterThanOrEqual(value.byteLength);
      return;
    }
    const { offset, length, checksum } = patch.guard;
    expect(crc32c(value.subarray(offset, offset + length))).toBe(checksum);
    for (const write of patch.writes) {
      const isApart = write.offset + write.bytes.byteLength <= offset || write.offset >= offset + length;
      expect(isApart).toBe(true);
    }
  }
}

describe("a slot patch relies on", () => {
  const layout = { shape: [8, 8], shardShape: [8, 8], chunkShape: [2, 2], dataType: "uint16" } as const;
  const codecs: Record<string, CreateArrayOptions["indexCodecs"]> = {
    "the default": undefined,
    "no checksum": ["bytes"],
    big: [{ name: "bytes", configuration: { endian: "big" } }, "crc32c"],
    "two checksums": ["bytes", "crc32c", "crc32c"],
    transposed: [{ name: "transpose", configuration: { order: [2, 0, 1] } }, "bytes", "crc32c"],
  };
  test.each(
    Object.entries(codecs).flatMap(([name, indexCodecs]) =>
      (["start", "end"] as const).map((indexLocation) => ({ name, indexCodecs, indexLocation })),
    ),
  )("the index: $name, at $indexLocation", ({ indexCodecs, indexLocation }) => {
    const store = new CheckingStore();
    const options = { ...layout, indexLocation, ...(indexCodecs && { indexCodecs }) };
    const array = createArraySync<"uint16">(store, options);
    array.setSync(null, 7);
    array.setSync([0, 0], 8);
    array.setSync([slice(2, 6), slice(1, 5)], 9);
    expect(store.patches).toHaveLength(2);
    // Neither the index nor its checksum is asked for again.
    store.indexReads = 0;
    array.setSync([7, 7], 8);
    expect(store.indexReads).toBe(0);
    // From the cache, where a read has left it.
    openArraySync(store, { indexCacheBytes: 0 }).setSync([slice(0, 2), slice(0, 2)], 0);
    const other = openArraySync(store);
    other.getSync([5, 5]);
    other.setSync([5, 5], 11);
    expect(array.getSync([5, 5])).toBe(11);
  });

  test("an index that is told from another one", () => {
    const guards = (["lexicographic", "colexicographic"] as const).map((subchunkWriteOrder) => {
      const store = new CheckingStore();
      const array = createArraySync(store, { ...layout, subchunkWriteOrder });
      array.setSync(null, 7);
      array.setSync([0, 0], 8);
      return store.patches[0]!.guard!;
    });
    expect(guards[0]!.offset).toBe(guards[1]!.offset);
    expect(guards[0]!.checksum).not.toBe(guards[1]!.checksum);
  });

  test("the value that was opened", () => {
    const store = new MemoryStore([["/a", new Uint8Array(4)]]);
    const version = store.openSync("/a")!.version();
    store.setSync("/a", new Uint8Array(4));
    expect(() => store.patchSync("/a", { version, writes: [] })).toThrow(
      expect.objectContaining({ code: "VALUE_CHANGED", key: "/a" }),
    );
  });
});
