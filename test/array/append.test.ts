/** W6, the append patch: what it reads and writes, when the shard is rewritten instead; and compaction. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type ByteRange,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  init,
  LatencyStore,
  MemoryStore,
  type OpenOptions,
  type OpenValue,
  openArray,
  openArraySync,
  type Patch,
  type Store,
  type SyncStore,
  slice,
} from "../../src/index.js";

beforeAll(() => init());

/** Notes what is written, and every range that is read. */
class NotingStore extends MemoryStore {
  log: string[] = [];

  take(): string[] {
    const { log } = this;
    this.log = [];
    return log;
  }

  override openSync(key: string): OpenValue | undefined {
    const value = super.openSync(key);
    if (value === undefined) return undefined;
    const { bytes: _, ...onDisk } = value;
    const note = (range: ByteRange): void => void this.log.push(`read ${"offset" in range ? range.length : "end"}`);
    return {
      ...onDisk,
      read: (range) => {
        note(range);
        return value.read(range);
      },
      readInto: (range, target) => {
        note(range);
        return value.readInto(range, target);
      },
    };
  }

  override getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    this.log.push("get");
    return super.getSync(key, range);
  }

  override setSync(key: string, value: Uint8Array): void {
    this.log.push("set");
    super.setSync(key, value);
  }

  override deleteSync(key: string): void {
    this.log.push("delete");
    super.deleteSync(key);
  }

  override patchSync(key: string, patch: Patch): void {
    const writes = patch.writes.map(({ offset, bytes }) => `${offset}+${bytes.byteLength}`);
    this.log.push(`patch ${writes.join(" ")}${patch.byteLength === undefined ? "" : ` to ${patch.byteLength}`}`);
    super.patchSync(key, patch);
  }
}

/** 64 inner chunks of 32 bytes: 2 KiB of slots and an index of 1028 bytes. */
const layout = {
  shape: [1024],
  shardShape: [1024],
  chunkShape: [16],
  dataType: "uint16",
  subchunkWriteOrder: "lexicographic",
} as const;
const ascending = Uint16Array.from({ length: 1024 }, (_, i) => i + 1);
const indexSize = 64 * 16 + 4;
const full = 64 * 32;
const key = "/c/0";

function filled(options: Partial<CreateArrayOptions<"uint16">> = {}) {
  const store = new NotingStore();
  createArraySync(store, { ...layout, ...options }).setSync(null, ascending);
  const array = openArraySync<"uint16">(store, options);
  store.take();
  return { store, array };
}
const chunk = (number: number, count = 1) => slice(number * 16, (number + count) * 16);

describe("requests", () => {
  test("index at the end: one write behind the shard, of the slots and a new index", () => {
    const { store, array } = filled({ compactionThreshold: 1 });
    const before = store.getSync(key)!.slice();
    store.take();
    array.setSync([chunk(3)], 0);
    const length = full + indexSize;
    expect(store.take()).toEqual([`read ${indexSize}`, `patch ${length}+${indexSize} to ${length + indexSize}`]);
    array.setSync([chunk(3)], 9);
    expect(store.take(), "nothing is read").toEqual([
      `patch ${length + indexSize}+${32 + indexSize} to ${length + 2 * indexSize + 32}`,
    ]);
    array.setSync([16 * 5], 0);
    expect(store.take(), "the slot keeps its size").toEqual(["read 32", "patch 160+32"]);
    array.setSync([slice(16 * 5 + 1, 16 * 6)], 0);
    expect(store.take()[0]).toBe("read 32");
    const after = store.getSync(key)!;
    before.fill(0, 160, 162);
    expect(after.subarray(0, before.byteLength), "the old shard stays whole").toEqual(before);
  });

  test("index at the start: the slots behind the shard, and the index over the old one", () => {
    const { store, array } = filled({ indexLocation: "start" });
    array.setSync([chunk(3)], 0);
    const length = full + indexSize;
    expect(store.take()).toEqual([`read ${indexSize}`, `patch 0+${indexSize} to ${length}`]);
    array.setSync([chunk(2, 2)], 9);
    expect(store.take()).toEqual([`patch 0+${indexSize} ${length}+64 to ${length + 64}`]);
  });

  test("compressed: what changes its size, and what does not beside it", () => {
    const { store, array } = filled({ compressors: ["gzip"] });
    const { byteLength } = store.getSync(key)!;
    store.take();
    array.setSync([chunk(7)], 5);
    const [read, patch] = store.take();
    expect(read).toBe(`read ${indexSize}`);
    expect(patch).toMatch(new RegExp(`^patch ${byteLength}\\+\\d+ to \\d+$`));
    array.setSync([slice(16 * 7 + 3, 16 * 8 + 3)], 77);
    expect(store.take().map((each) => each.split(" ")[0])).toEqual(["read", "patch"]);
    const expected = ascending.slice().fill(5, 16 * 7, 16 * 8);
    expected.fill(77, 16 * 7 + 3, 16 * 8 + 3);
    expect(openArraySync(store).getSync().data).toEqual(expected);
  });

  test("the last inner chunk in the array goes: the key is deleted, and nothing else is done", () => {
    const store = new NotingStore();
    const array = createArraySync(store, { ...layout, shape: [1000], compactionThreshold: 1 });
    array.setSync([chunk(3)], 1);
    array.setSync([chunk(9)], 1);
    store.take();
    array.setSync([slice(0, 16 * 7)], 0);
    expect(store.take().at(-1)).toMatch(/^patch/);
    array.setSync([slice(16, 500)], 0);
    expect(store.take()).toEqual(["delete"]);
    expect(array.getSync([3])).toBe(0);
  });

  test("inner chunks that are missing and stay so cost no write", () => {
    const store = new NotingStore();
    const array = createArraySync(store, layout);
    array.setSync([chunk(3)], 1);
    store.take();
    array.setSync([chunk(8, 4)], 0);
    expect(store.take()).toEqual([`read ${indexSize}`]);
  });

  test("overlapping slots are rewritten", () => {
    const { store } = filled({ indexCodecs: ["bytes"], compressors: ["gzip"] });
    const shard = store.getSync(key)!.slice();
    const entry = shard.byteLength - 64 * 16;
    shard.copyWithin(entry + 16, entry, entry + 16);
    store.setSync(key, shard);
    const array = openArraySync<"uint16">(store);
    store.take();
    array.setSync([chunk(0)], 3);
    expect(store.take()).toEqual([`read ${64 * 16}`, "get", "set"]);
    expect(array.getSync([chunk(0, 2)])).toMatchObject({
      data: Uint16Array.from({ length: 32 }, (_, i) => (i < 16 ? 3 : ascending[i - 16]!)),
    });
  });

  test("after a store without versions, by several arrays", async () => {
    const inner = new NotingStore();
    const store = new LatencyStore(inner);
    createArraySync(inner, layout).setSync(null, ascending);
    const first = await openArray(store);
    const second = await openArray(store);
    await first.get([4]);
    await second.set([chunk(0, 2)], 0);
    await first.set([chunk(1, 2)], 7);
    const expected = ascending.slice().fill(0, 0, 32).fill(7, 16, 48);
    expect((await second.get()).data).toEqual(expected);
    expect((await first.get([chunk(1)])) as unknown).toMatchObject({ data: expected.subarray(16, 32) });
  });
});

describe("compactionThreshold", () => {
  test("is the share of the shard that stays unused at most", () => {
    for (const compactionThreshold of [0, 0.1, 0.3, 0.5, 0.8]) {
      for (const indexLocation of ["start", "end"] as const) {
        const { store, array } = filled({ compactionThreshold, indexLocation, compressors: ["gzip"] });
        let rewrites = 0;
        for (let i = 0; i < 60; i++) {
          array.setSync([chunk(i, 2)], ascending.subarray(i, i + 32));
          array.setSync([chunk(i, 2)], i);
          rewrites += store.take().filter((each) => each === "set").length;
          const { data, unused } = unusedIn(store, indexLocation);
          expect(unused / data).toBeLessThanOrEqual(compactionThreshold);
          store.take();
        }
        if (compactionThreshold === 0) expect(rewrites).toBeGreaterThan(90);
        if (compactionThreshold >= 0.5) expect(rewrites).toBeLessThan(60);
        if (compactionThreshold <= 0.3) expect(rewrites).toBeGreaterThan(0);
      }
    }
  });

  test.each([-0.1, 1.1, Number.NaN, "0.5"])("refuses %s", (compactionThreshold) => {
    const options = { compactionThreshold } as OpenOptions;
    const { store } = filled();
    expect(() => openArraySync(store, options)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

/** Bytes of the shard, and those that neither index nor slots use. */
function unusedIn(store: MemoryStore, location: "start" | "end", size = indexSize): { data: number; unused: number } {
  const shard = store.getSync(key)!;
  const words = new DataView(shard.buffer, shard.byteOffset + (location === "start" ? 0 : shard.byteLength - size));
  let unused = shard.byteLength - size;
  for (let position = 0; position + 16 <= size; position += 16) {
    const length = words.getBigUint64(position + 8, true);
    if (length !== 2n ** 64n - 1n) unused -= Number(length);
  }
  return { data: shard.byteLength, unused };
}

/** Only `setRange`, beside what every store has. */
class RangeOnlyStore implements SyncStore {
  readonly inner: MemoryStore = new MemoryStore();
  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    return this.inner.getSync(key, range);
  }
  setSync(key: string, value: Uint8Array): void {
    this.inner.setSync(key, value);
  }
  deleteSync(key: string): void {
    this.inner.deleteSync(key);
  }
  setRangeSync(key: string, value: Uint8Array, offset: number): void {
    this.inner.setRangeSync(key, value, offset);
  }
}

const shardOf = (codecs: unknown[], location: string) => ({
  name: "sharding_indexed",
  configuration: { chunk_shape: [2, 2], codecs, index_codecs: ["bytes", "crc32c"], index_location: location },
});
const innerChains = {
  fixed: ["bytes", "crc32c"],
  compressed: ["bytes", { name: "zstd", configuration: { level: 1, checksum: false } }],
  nested: [shardOf(["bytes"], "start")],
  "nested, compressed": [shardOf(["bytes", { name: "gzip", configuration: { level: 1 } }], "end")],
};

describe("random writes against a plain array", () => {
  const shape = [13, 11];
  const write = fc.record({
    rows: fc.tuple(fc.nat(12), fc.nat(12)),
    columns: fc.tuple(fc.nat(10), fc.nat(10)),
    step: fc.integer({ min: 1, max: 3 }),
    // Zero is the fill value; what is random does not compress.
    value: fc.oneof(fc.constantFrom(0, 0, 1, 60000), fc.constant("random")),
    reopens: fc.boolean(),
    compacts: fc.boolean(),
  });
  const stores: Record<string, () => Store> = {
    memory: () => new MemoryStore(),
    latency: () => new LatencyStore(new MemoryStore()),
    "ranges only": () => new RangeOnlyStore(),
  };
  test.each(
    Object.keys(stores).flatMap((store) =>
      Object.keys(innerChains).flatMap((chain) =>
        (["start", "end"] as const).map((location) => ({ store, chain, location })),
      ),
    ),
  )("$store, $chain, index at the $location", async ({ store: storeName, chain, location }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { minLength: 1, maxLength: 14 }),
        fc.constantFrom(0, 0.3, 0.5, 1),
        fc.constantFrom<("gzip" | "crc32c")[]>([], [], ["gzip"]),
        async (writes, compactionThreshold, around) => {
          const store = stores[storeName]!();
          const inner = innerChains[chain as keyof typeof innerChains];
          const shard = {
            name: "sharding_indexed",
            configuration: {
              chunk_shape: [4, 4],
              codecs: inner,
              index_codecs: ["bytes", "crc32c"],
              index_location: location,
            },
          };
          const metadata = { shape, chunkShape: [8, 8], dataType: "uint16", codecs: [shard, ...around] } as const;
          const plain = new Uint16Array(13 * 11);
          let array = await createArray<"uint16">(store, { ...metadata, compactionThreshold });
          let seed = 1;
          for (const { rows, columns, step, value, reopens, compacts } of writes) {
            if (reopens) array = await openArray<"uint16">(store, { compactionThreshold });
            const [r0, r1] = [Math.min(...rows), Math.max(...rows) + 1];
            const [c0, c1] = [Math.min(...columns), Math.max(...columns) + 1];
            const values: number[] = [];
            for (let r = r0; r < r1; r += step)
              for (let c = c0; c < c1; c++) {
                seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
                const element = typeof value === "number" ? value : seed >>> 16;
                plain[r * 11 + c] = element;
                values.push(element);
              }
            await array.set([slice(r0, r1, step), slice(c0, c1)], Uint16Array.from(values));
            if (compacts) await array.compact();
            expect((await array.get()).data).toEqual(plain);
          }
          expect((await (await openArray<"uint16">(store, { indexCacheBytes: 0 })).get()).data).toEqual(plain);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("compaction", () => {
  const written = (options: Partial<CreateArrayOptions<"uint16">> = {}) => {
    const { store, array } = filled({ compactionThreshold: 1, compressors: ["gzip"], ...options });
    for (let i = 0; i < 10; i++) array.setSync([chunk(i * 3)], i);
    store.take();
    return { store, array, expected: array.getSync().data.slice() };
  };

  test.each(["start", "end"] as const)("leaves no unused bytes, index at the %s", (indexLocation) => {
    const { store, array, expected } = written({ indexLocation });
    const { data, unused } = unusedIn(store, indexLocation);
    expect(unused).toBeGreaterThan(0);
    const order = (): number[] => slotOffsets(store, indexLocation);
    const before = order();
    store.take();
    expect(array.compactSync()).toEqual({ shards: 1, rewritten: 1, bytesFreed: unused });
    expect(store.take()).toEqual(["get", "set"]);
    expect(unusedIn(store, indexLocation)).toEqual({ data: data - unused, unused: 0 });
    expect(sortedBy(order())).toEqual(sortedBy(before));
    expect(array.getSync().data).toEqual(expected);
    store.take();
    expect(array.compactSync()).toEqual({ shards: 1, rewritten: 0, bytesFreed: 0 });
    expect(store.take().filter((each) => !each.startsWith("read"))).toEqual([]);
  });

  test("reports progress, and stops where it is told to", async () => {
    const store = new MemoryStore();
    const array = createArraySync<"uint16">(store, {
      ...layout,
      shape: [4096],
      compactionThreshold: 1,
      compressors: ["gzip"],
    });
    array.setSync([slice(0, 3000)], 7);
    for (const at of [1, 1100]) array.setSync([slice(at, at + 50)], 1000);
    const progress: { completed: number; total: number }[] = [];
    const result = await array.compact({ onProgress: (each) => progress.push(each) });
    expect(result).toMatchObject({ shards: 3, rewritten: 2 });
    expect(result.bytesFreed).toBeGreaterThan(0);
    expect(progress.at(-1)).toEqual({ completed: 4, total: 4 });
    await expect(array.compact({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });

  test("finds the shards of a store that cannot list, of many keys and with other files between", async () => {
    const { store, array } = written();
    store.setSync("/c/x", new Uint8Array(3));
    Object.defineProperty(store, "listSync", { value: undefined });
    Object.defineProperty(store, "list", { value: undefined });
    expect(openArraySync(store).compactSync()).toMatchObject({ shards: 1, rewritten: 1 });
    expect(array.compactSync()).toMatchObject({ shards: 1, rewritten: 0 });
  });

  test("does nothing to arrays without shards, nor to shards within other codecs", async () => {
    const store = new NotingStore();
    const array = createArraySync(store, { shape: [64], chunkShape: [16], dataType: "uint16" });
    array.setSync(null, 4);
    store.take();
    expect(array.compactSync()).toEqual({ shards: 0, rewritten: 0, bytesFreed: 0 });
    expect(await array.compact()).toEqual({ shards: 0, rewritten: 0, bytesFreed: 0 });
    expect(store.take()).toEqual([]);
  });
});

function slotOffsets(store: MemoryStore, location: "start" | "end"): number[] {
  const shard = store.getSync(key)!;
  const words = new DataView(
    shard.buffer,
    shard.byteOffset + (location === "start" ? 0 : shard.byteLength - indexSize),
  );
  return Array.from({ length: 64 }, (_, i) => Number(words.getBigUint64(i * 16, true)));
}

/** Numbers of the inner chunks in the order of their slots. */
function sortedBy(offsets: readonly number[]): number[] {
  return offsets.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]!);
}
