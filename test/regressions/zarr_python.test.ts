/**
 * Faults of zarr-python's synchronous pipeline (and some older ones), by the number of their issue or pull request at
 * https://github.com/zarr-developers/zarr-python: what went wrong there must not go wrong here.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type AsyncStore,
  type Chunk,
  type CodecOption,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  createGroupSync,
  init,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
  openGroup,
  openGroupSync,
  registerCodec,
  type Selection,
  type Store,
  slice,
} from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { RecordingStore, summarize } from "../support/recording_store.js";
import { bytesOf } from "../support/reference_array.js";
import { chunkKeys, slotsOf, snapshot } from "../support/snapshot.js";

beforeAll(() => init());

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "syncodec-regressions-"));
  folders.push(folder);
  return folder;
}

const ascending = (length: number, first = 1): Int32Array => Int32Array.from({ length }, (_, i) => first + i);
const dataOf = (result: unknown): number[] => Array.from((result as Chunk<"int32">).data);
const transpose = (order: readonly number[]): CodecOption => ({ name: "transpose", configuration: { order } });
const sharding = (chunkShape: readonly number[], codecs: readonly CodecOption[] = ["bytes"]): CodecOption => ({
  name: "sharding_indexed",
  configuration: { chunk_shape: chunkShape, codecs, index_codecs: ["bytes", "crc32c"] },
});

describe("#4202: codecs outside a shard were skipped when part of the shard was read or written", () => {
  const shape = [4, 6];
  const surroundings: readonly (readonly [string, CodecOption[], CodecOption[]])[] = [
    ["gzip after it", [], ["gzip"]],
    ["crc32c after it", [], ["crc32c"]],
    ["crc32c and gzip after it", [], ["crc32c", "gzip"]],
    ["a transpose before it", [transpose([1, 0])], []],
    ["a transpose before and gzip after it", [transpose([1, 0])], ["gzip"]],
  ];
  const selections: readonly (readonly [Selection, number[]])[] = [
    [[1, 2], [9]],
    [[slice(1, 3), slice(1, 5, 2)], [7, 9, 13, 15].map((n) => n + 1)],
    [
      [
        [3, 0],
        [5, 5, 0],
      ],
      [23, 23, 18, 5, 5, 0].map((n) => n + 1),
    ],
  ];

  describe.each(surroundings)("%s", (_, before, after) => {
    const chunk = before.length > 0 ? [3, 2] : [2, 3];
    const options = {
      shape,
      chunkShape: shape,
      dataType: "int32",
      codecs: [...before, sharding(chunk), ...after],
    } as const satisfies CreateArrayOptions;
    const filled = (): MemoryStore => {
      const store = new MemoryStore();
      createArraySync(store, options).setSync(null, ascending(24));
      return store;
    };

    test.each(selections)("part of it is read: %j", async (selection, expected) => {
      const store = filled();
      const found = openArraySync(store).getSync(selection);
      expect(typeof found === "object" ? dataOf(found) : [found]).toEqual(expected);
      const batched = await (await openArray(new LatencyStore(store))).get(selection);
      expect(batched).toEqual(found);
    });

    test.each(selections)("part of it is written: %j", async (selection) => {
      const [sync, batched] = [filled(), filled()];
      openArraySync(sync).setSync(selection, -1);
      await (await openArray(new LatencyStore(batched))).set(selection, -1);
      const whole = openArraySync<"int32">(sync).getSync().data;
      expect(whole.filter((value) => value === -1).length).toBe(
        new Set(selections.find(([s]) => s === selection)![1]).size,
      );
      expect(snapshot(batched)).toEqual(snapshot(sync));
      // The bytes are those of a whole write of the same elements.
      const fresh = new MemoryStore();
      createArraySync(fresh, options).setSync(null, whole as Int32Array);
      expect(snapshot(sync)).toEqual(snapshot(fresh));
    });
  });

  test("what is stored after a partial write went through the outer gzip", () => {
    const [outer, bare] = [new MemoryStore(), new MemoryStore()];
    for (const [store, after] of [
      [outer, ["gzip"]],
      [bare, []],
    ] as const) {
      const codecs = [sharding([2, 3]), ...after];
      const array = createArraySync(store, { shape, chunkShape: shape, dataType: "int32", codecs, patch: false });
      array.setSync(null, ascending(24));
      array.setSync([1, 1], 99);
    }
    expect(new Uint8Array(gunzipSync(outer.getSync("/c/0/0")!))).toEqual(new Uint8Array(bare.getSync("/c/0/0")!));
  });

  test("the outer checksum is verified when one element is read", () => {
    const store = new MemoryStore();
    const codecs = [sharding([2, 3]), "crc32c"];
    createArraySync(store, { shape, chunkShape: shape, dataType: "int32", codecs }).setSync(null, ascending(24));
    const value = store.getSync("/c/0/0")!.slice();
    // A bit of the last inner chunk; the first one is asked for.
    value[80]! ^= 1;
    store.setSync("/c/0/0", value);
    expect(() => openArraySync(store).getSync([0, 0])).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH" }));
  });
});

describe("#4203: a permuted or repeated selection as large as the shard was decoded as if it were in order", () => {
  const options = {
    shape: [4, 4],
    shardShape: [4, 4],
    chunkShape: [2, 2],
    dataType: "int32",
    compressors: ["crc32c"],
  } as const satisfies CreateArrayOptions;
  const rows = (order: readonly number[]): number[] => order.flatMap((row) => [1, 2, 3, 4].map((n) => row * 4 + n));
  const orders = [
    [3, 2, 1, 0],
    [0, 2, 1, 3],
    [0, 0, 1, 1],
    [1, 2, 3, 3],
    [3, 3, 3, 3],
  ];

  test.each(orders)("read in the order %j, %j, %j, %j", async (...order) => {
    const store = new MemoryStore();
    const array = createArraySync(store, options);
    array.setSync(null, ascending(16));
    expect(dataOf(array.getSync([order]))).toEqual(rows(order));
    const batched = await openArray(new LatencyStore(store));
    expect(dataOf(await batched.get([order]))).toEqual(rows(order));
  });

  test.each(orders)("written in the order %j, %j, %j, %j", (...order) => {
    const store = new MemoryStore();
    const array = createArraySync(store, options);
    array.setSync(null, ascending(16));
    const expected = dataOf(array.getSync());
    array.setSync([order], ascending(16, 101));
    order.forEach((row, i) => {
      for (let column = 0; column < 4; column++) expected[row * 4 + column] = 101 + i * 4 + column;
    });
    expect(dataOf(openArraySync(store).getSync())).toEqual(expected);
  });

  test("all points of the shard, backwards", () => {
    const array = createArraySync(new MemoryStore(), options);
    array.setSync(null, ascending(16));
    const numbers = [...Array(16).keys()].reverse();
    const coordinates = [numbers.map((n) => n >> 2), numbers.map((n) => n & 3)];
    expect(dataOf(array.getPointsSync(coordinates))).toEqual(numbers.map((n) => n + 1));
    array.setPointsSync(coordinates, ascending(16));
    expect(dataOf(array.getSync())).toEqual(numbers.map((n) => n + 1));
  });

  test("the bulk kernel is not even called", () => {
    const array = createArraySync(new MemoryStore(), options);
    array.setSync(null, ascending(16));
    const spy = vi.spyOn(currentMemory().kernelsOf(bulkKernels), "decodeShard");
    for (const order of orders) array.getSync([order]);
    expect(spy).not.toHaveBeenCalled();
    array.getSync();
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();
  });
});

describe("#4204: synchronous methods of a store ignored its prefix, so that chunks landed beside their array", () => {
  const options = { shape: [4], chunkShape: [1], dataType: "int32" } as const satisfies CreateArrayOptions;
  /** Names of which each is the beginning of another's. */
  const paths = ["/a", "/ab", "/a.b", "/group/a", "/group/ab", "/c"] as const;
  const kinds: Readonly<Record<string, () => Store>> = {
    MemoryStore: () => new MemoryStore(),
    "LocalStore, durability none": () => new LocalStore(temporaryFolder(), { durability: "none" }),
    LocalStore: () => new LocalStore(temporaryFolder()),
    Map: () => new Map<string, Uint8Array>(),
    "LatencyStore over memory": () => new LatencyStore(new MemoryStore()),
  };
  const keysOf = async (store: Store): Promise<string[]> => {
    if (store instanceof Map) return [...store.keys()].sort();
    const keys: string[] = [];
    for await (const key of "list" in store && store.list ? store.list("/") : []) keys.push(key);
    return keys.sort();
  };
  const expectedKeys = (path: string, chunks: readonly number[]): string[] =>
    [`${path}/zarr.json`, ...chunks.map((i) => `${path}/c/${i}`)].sort();
  const groups = ["/group/zarr.json", "/zarr.json"];

  describe.each(Object.entries(kinds))("%s", (_, newStore) => {
    const filled = async (): Promise<Store> => {
      const store = newStore();
      for (const [i, path] of paths.entries())
        await (await createArray(store, { ...options, path })).set(null, ascending(4, 1 + 10 * i));
      return store;
    };
    /** Carries out `act` on the array at `path`; all others must stay as they were. */
    const expectOthersUntouched = async (
      path: string,
      act: (store: Store) => Promise<unknown>,
      left: readonly string[],
    ): Promise<void> => {
      const store = await filled();
      await act(store);
      const others = paths.filter((other) => other !== path);
      const expected = [...others.flatMap((other) => expectedKeys(other, [0, 1, 2, 3])), ...left, ...groups];
      expect(await keysOf(store)).toEqual(expected.sort());
      for (const other of others) {
        const whole = await (await openArray(store, { path: other })).get();
        expect(dataOf(whole)).toEqual([...ascending(4, 1 + 10 * paths.indexOf(other))]);
      }
    };

    test.each(paths)("set, also of fill values, at %s", async (path) => {
      const act = async (store: Store): Promise<void> => {
        const array = await openArray<"int32">(store, { path });
        await array.set([slice(0, 2)], 0);
        await array.set([2], 77);
      };
      await expectOthersUntouched(path, act, expectedKeys(path, [2, 3]));
    });

    test.each(paths)("resize at %s", async (path) => {
      const act = async (store: Store) => (await openArray(store, { path })).resize([1]);
      await expectOthersUntouched(path, act, expectedKeys(path, [0]));
    });

    test.each(paths)("delete at %s", async (path) => {
      const act = async (store: Store) => (await openArray(store, { path })).delete();
      await expectOthersUntouched(path, act, []);
    });

    test.each(paths)("overwrite at %s", async (path) => {
      const act = async (store: Store) => createArray(store, { ...options, path, overwrite: true });
      await expectOthersUntouched(path, act, expectedKeys(path, []));
    });

    test("members of a group", async () => {
      const store = await filled();
      const names = async (path: string): Promise<string[]> =>
        (await (await openGroup(store, { path })).members()).map((member) => member.path).sort();
      expect(await names("/")).toEqual(["/a", "/a.b", "/ab", "/c", "/group"]);
      expect(await names("/group")).toEqual(["/group/a", "/group/ab"]);
    });
  });

  test("synchronously, patches and deletes of shards included", () => {
    const store = new RecordingStore();
    const sharded = { shape: [8], shardShape: [4], chunkShape: [2], dataType: "int32" } as const;
    createGroupSync(store);
    for (const path of ["/a", "/ab"]) createArraySync(store, { ...sharded, path }).setSync(null, ascending(8));
    store.take();
    const array = openArraySync(store, { path: "/a" });
    array.setSync([1], 50);
    array.getSync();
    array.setSync([slice(0, 4)], 0);
    array.resizeSync([2]);
    array.deleteSync();
    const touched = store.take().filter(({ kind }) => kind !== "list");
    expect(touched.length).toBeGreaterThan(0);
    for (const { key } of touched) expect(key).toMatch(/^\/a\//);
    expect(openGroupSync(store).path).toBe("/");
    expect(chunkKeys(store)).toEqual(["/ab/c/0", "/ab/c/1"]);
  });
});

describe("#4206: a store with half of the synchronous methods failed in the middle of an operation", () => {
  const options = {
    shape: [8],
    shardShape: [4],
    chunkShape: [2],
    dataType: "int32",
  } as const satisfies CreateArrayOptions;
  const synchronous = ["getSync", "setSync", "deleteSync"] as const;
  /** An asynchronous store with some synchronous methods besides; writes down which of those are called. */
  const partial = (methods: readonly (typeof synchronous)[number][]) => {
    const below = new MemoryStore();
    const calls: string[] = [];
    const later: AsyncStore = new LatencyStore(below);
    const added = Object.fromEntries(
      methods.map((name) => [
        name,
        (key: string, value: never): unknown => {
          calls.push(name);
          return below[name](key, value);
        },
      ]),
    );
    const store: AsyncStore = {
      get: (key) => later.get(key),
      getRange: (key, range) => later.getRange!(key, range),
      set: (key, value) => later.set!(key, value),
      delete: (key) => later.delete!(key),
      list: (prefix) => later.list!(prefix),
      ...added,
    };
    return { store, below, calls };
  };

  test.each([
    [["getSync"]],
    [["setSync"]],
    [["getSync", "setSync"]],
    [["getSync", "deleteSync"]],
    [["setSync", "deleteSync"]],
  ] as const)("with %j, everything goes the asynchronous way", async (methods) => {
    const { store, below, calls } = partial(methods);
    const array = await createArray(store, options);
    await array.set(null, ascending(8));
    await array.set([3], 30);
    await array.set([slice(4, 8)], 0);
    expect(dataOf(await array.get())).toEqual([1, 2, 3, 30, 0, 0, 0, 0]);
    expect(chunkKeys(below)).toEqual(["/c/0"]);
    expect(calls).toEqual([]);
    // Synchronous calls say so before the first request.
    expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    expect(() => array.setSync(null, 1)).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    expect(() => openArraySync(store)).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    await expect(openArray(store, { pipeline: "sync" })).rejects.toMatchObject({ code: "NOT_SYNCHRONOUS" });
    expect(calls).toEqual([]);
  });

  test("with all of them, synchronous calls work", () => {
    const { store, calls } = partial(synchronous);
    createArraySync(store, options).setSync(null, ascending(8));
    expect(dataOf(openArraySync(store).getSync())).toEqual([...ascending(8)]);
    expect(new Set(calls)).toEqual(new Set(["getSync", "setSync"]));
  });

  test.each([[["getSync"]], [["getSync", "setSync"]], [["getSync", "deleteSync"]]] as const)(
    "with %j and nothing asynchronous, it is no store",
    (methods) => {
      const below = new MemoryStore();
      const store = Object.fromEntries(methods.map((name) => [name, below[name].bind(below)]));
      expect(() => createArraySync(store as never, options)).toThrow(TypeError);
      expect([...below.listSync("")]).toEqual([]);
    },
  );

  test("without a listing, delete refuses before it deletes anything", () => {
    const below = new MemoryStore();
    const store = {
      getSync: (key: string) => below.getSync(key),
      setSync: (key: string, value: Uint8Array) => below.setSync(key, value),
      deleteSync: (key: string) => below.deleteSync(key),
    };
    const array = createArraySync(store, options);
    array.setSync(null, ascending(8));
    const before = snapshot(below);
    expect(() => array.deleteSync()).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(snapshot(below)).toEqual(before);
    array.resizeSync([2]);
    expect(chunkKeys(below)).toEqual(["/c/0"]);
  });
});

describe("#4178: an inner codec that is only asynchronous failed deep inside a shard", () => {
  const invert = async (bytes: Uint8Array): Promise<Uint8Array> => bytes.map((byte) => byte ^ 0xff);
  const removals: (() => void)[] = [];
  beforeAll(() => {
    removals.push(
      registerCodec({
        name: "later.invert",
        kind: "bytes_to_bytes",
        fromConfig: () => ({ encode: invert, decode: invert, computeEncodedSize: (size) => size }),
      }),
    );
  });
  afterAll(() => {
    for (const remove of removals) remove();
  });
  const inner = (codecs: readonly CodecOption[], index: readonly CodecOption[]): CodecOption => ({
    name: "sharding_indexed",
    configuration: { chunk_shape: [2], codecs, index_codecs: index },
  });
  const chains: Readonly<Record<string, CodecOption[]>> = {
    "among the inner codecs": [inner(["bytes", "later.invert"], ["bytes"])],
    "among the index codecs": [inner(["bytes"], ["bytes", "later.invert"])],
    "two shards down": [{ ...(sharding([4], [inner(["bytes", "later.invert"], ["bytes"])]) as object) } as CodecOption],
    "around the shard": [inner(["bytes"], ["bytes"]), "later.invert"],
  };

  test.each(Object.entries(chains))("%s: get and set work, getSync says why it cannot", async (_, codecs) => {
    const options = { shape: [16], chunkShape: [8], dataType: "int32", codecs } as const;
    const store = new RecordingStore();
    const array = await createArray(store, options);
    await array.set(null, ascending(16));
    await array.set([slice(1, 11, 3)], -1);
    const expected = [1, -1, 3, 4, -1, 6, 7, -1, 9, 10, -1, 12, 13, 14, 15, 16];
    expect(dataOf(await array.get())).toEqual(expected);
    expect(await array.get([10])).toBe(-1);
    store.take();
    expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    expect(() => array.setSync([0], 1)).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
    expect(store.take()).toEqual([]);
    await expect(openArray(store, { pipeline: "sync" })).rejects.toMatchObject({ code: "NOT_SYNCHRONOUS" });
  });
});

describe("shards with missing inner chunks, and writes that make inner chunks empty", () => {
  const options = {
    shape: [8],
    shardShape: [8],
    chunkShape: [2],
    dataType: "int32",
    subchunkWriteOrder: "lexicographic",
  } as const satisfies CreateArrayOptions;
  const present = (store: MemoryStore): number[] =>
    slotsOf(store, "/c/0", 4).flatMap((slot, i) => (slot === undefined ? [] : [i]));

  test.each([
    [true, "uncompressed, with patches"],
    [false, "uncompressed, without patches"],
  ])("patch: %j (%s)", (patch) => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...options, patch, readMissingChunks: false });
    array.setSync([slice(2, 4)], 5);
    expect(present(store)).toEqual([1]);
    // Missing inner chunks of a shard that exists are fill, whatever readMissingChunks says.
    expect(dataOf(array.getSync())).toEqual([0, 0, 5, 5, 0, 0, 0, 0]);
    array.setSync([slice(5, 8)], Int32Array.of(6, 7, 8));
    expect(present(store)).toEqual([1, 2, 3]);
    array.setSync([slice(2, 4)], 0);
    expect(present(store)).toEqual([2, 3]);
    array.setSync([5], 0);
    expect(present(store)).toEqual([3]);
    expect(dataOf(array.getSync())).toEqual([0, 0, 0, 0, 0, 0, 7, 8]);
    array.setSync([slice(6, 8)], 0);
    expect(chunkKeys(store)).toEqual([]);
    expect(() => array.getSync()).toThrow(expect.objectContaining({ key: "/c/0" }));
  });
});

describe("#4157: stored chunks were the caller's own memory, so that changing one changed the other", () => {
  const removals: (() => void)[] = [];
  beforeAll(() => {
    removals.push(
      registerCodec({
        name: "same.bytes",
        kind: "bytes_to_bytes",
        fromConfig: () => ({ encodeSync: (bytes) => bytes, decodeSync: (bytes) => bytes }),
      }),
      registerCodec({
        name: "same.chunk",
        kind: "array_to_array",
        fromConfig: () => ({ encodeSync: (chunk) => chunk, decodeSync: (chunk) => chunk }),
      }),
    );
  });
  afterAll(() => {
    for (const remove of removals) remove();
  });
  const layouts: Readonly<Record<string, Omit<CreateArrayOptions<"int32">, "shape" | "dataType">>> = {
    "one chunk": { chunkShape: [16] },
    "several chunks": { chunkShape: [4] },
    "one shard": { shardShape: [16], chunkShape: [4] },
    "several shards": { shardShape: [8], chunkShape: [2] },
    "a shard of one inner chunk": { shardShape: [16], chunkShape: [16] },
    "nested shards": { chunkShape: [16], codecs: [sharding([8], [sharding([4])])] },
    "a codec that returns its input": { chunkShape: [16], codecs: ["bytes", "same.bytes"] },
    "a codec that returns its input, in a shard": {
      shardShape: [16],
      chunkShape: [4],
      codecs: ["bytes", "same.bytes"],
    },
    "an array codec that returns its input": { chunkShape: [16], codecs: ["same.chunk", "bytes"] },
  };
  const writes: readonly (readonly [string, Selection, number])[] = [
    ["the whole array", null, 16],
    ["whole chunks", [slice(0, 8)], 8],
    ["parts of chunks", [slice(3, 11)], 8],
  ];

  describe.each(Object.entries(layouts))("%s", (_, layout) => {
    const fresh = () => {
      const store = new MemoryStore();
      const array = createArraySync(store, { shape: [16], dataType: "int32", ...layout });
      return { store, array };
    };

    test.each(writes)("writing %s neither keeps nor changes the source", async (_, selection, count) => {
      const { store, array } = fresh();
      array.setSync(null, 9);
      for (const write of [
        (source: Int32Array) => array.setSync(selection, source),
        (source: Int32Array) => array.set(selection, source),
      ]) {
        const source = ascending(count);
        await write(source);
        expect(source).toEqual(ascending(count));
        const before = snapshot(store);
        source.fill(-1);
        expect(snapshot(store)).toEqual(before);
        expect(dataOf(array.getSync(selection))).toEqual([...ascending(count)]);
      }
    });

    test("the source of one write is not changed by the next", () => {
      const { array } = fresh();
      const source = ascending(16);
      array.setSync(null, source);
      array.setSync([slice(1, 3)], -1);
      array.setSync([slice(0, 16, 5)], -2);
      array.setPointsSync([[7]], -3);
      expect(source).toEqual(ascending(16));
    });

    test.each(writes)("changing what was read of %s changes nothing stored", (_, selection) => {
      const { store, array } = fresh();
      array.setSync(null, ascending(16));
      const before = snapshot(store);
      const read = array.getSync(selection) as Chunk<"int32">;
      bytesOf(read.data).fill(0x5a);
      expect(snapshot(store)).toEqual(before);
      expect(dataOf(array.getSync())).toEqual([...ascending(16)]);
    });

    test("a later write does not change what was read", () => {
      const { array } = fresh();
      array.setSync(null, ascending(16));
      const read = array.getSync();
      array.setSync([slice(2, 9)], -1);
      array.setSync([5], -2);
      expect(dataOf(read)).toEqual([...ascending(16)]);
    });
  });
});

describe("#3937: a codec was checked against the array's type and shape, not against what its predecessor produces", () => {
  // [4, 6, 10] becomes [10, 4, 6], whose inner chunks [5, 2, 3] become [2, 3, 5].
  const outer = { shape: [7, 6, 13], chunkShape: [4, 6, 10], dataType: "int32" } as const;
  const innermost = sharding([1, 3, 5], ["bytes", "crc32c"]);
  const codecs = [transpose([2, 0, 1]), sharding([5, 2, 3], [transpose([1, 2, 0]), innermost])];

  test("transposes before nested shards of asymmetric shapes", async () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...outer, codecs });
    const data = ascending(7 * 6 * 13);
    array.setSync(null, data);
    expect(dataOf(array.getSync())).toEqual([...data]);
    expect(array.getSync([6, 5, 12])).toBe(data.at(-1));
    expect(array.getSync([5, 1, 3])).toBe(5 * 78 + 13 + 3 + 1);
    array.setSync([slice(3, 5), 2, slice(9, 11)], Int32Array.of(-1, -2, -3, -4));
    for (const [i, [x, z]] of [
      [3, 9],
      [3, 10],
      [4, 9],
      [4, 10],
    ].entries())
      data[x! * 78 + 26 + z!] = -1 - i;
    expect(dataOf(await (await openArray(new LatencyStore(store))).get())).toEqual([...data]);
  });

  test("the stored bytes lie in the order that the transposes make", () => {
    const store = new MemoryStore();
    const chain = [transpose([2, 0, 1]), sharding([10, 4, 6], [transpose([1, 2, 0]), "bytes"])];
    const array = createArraySync(store, {
      shape: [4, 6, 10],
      chunkShape: [4, 6, 10],
      dataType: "int32",
      codecs: chain,
    });
    array.setSync(null, ascending(240));
    const value = store.getSync("/c/0/0/0")!;
    const stored = new Int32Array(value.slice(0, 960).buffer);
    // First [x, y, z] to [z, x, y], then that to [x, y, z] again.
    expect([...stored]).toEqual([...ascending(240)]);
    const once = createArraySync(store, {
      shape: [4, 6, 10],
      chunkShape: [4, 6, 10],
      dataType: "int32",
      codecs: [transpose([2, 0, 1]), sharding([10, 4, 6], ["bytes"])],
      overwrite: true,
    });
    once.setSync(null, ascending(240));
    const turned = new Int32Array(store.getSync("/c/0/0/0")!.slice(0, 960).buffer);
    const expected: number[] = [];
    for (let z = 0; z < 10; z++)
      for (let x = 0; x < 4; x++) for (let y = 0; y < 6; y++) expected.push(x * 60 + y * 10 + z + 1);
    expect([...turned]).toEqual(expected);
  });

  test.each([
    ["that divide only the shape before the transpose", [transpose([2, 0, 1]), sharding([2, 3, 5])]],
    ["that divide only the outer shard's shape", [transpose([2, 0, 1]), sharding([5, 2, 3], [sharding([10, 4, 6])])]],
    ["of another rank", [transpose([2, 0, 1]), sharding([5, 2])]],
  ])("inner chunks %s are refused when the array is made", (_, chain) => {
    const store = new MemoryStore();
    expect(() => createArraySync(store, { ...outer, codecs: chain })).toThrow(
      expect.objectContaining({ code: "INVALID_METADATA" }),
    );
    expect([...store.listSync("")]).toEqual([]);
  });
});

describe("#3885: one element of a shard of 32 × 32 × 32 inner chunks", () => {
  const options = {
    shape: [64, 64, 64],
    shardShape: [64, 64, 64],
    chunkShape: [2, 2, 2],
    dataType: "uint8",
    compressors: ["crc32c"],
  } as const satisfies CreateArrayOptions;
  const indexSize = 32 ** 3 * 16 + 4;

  test.each([
    ["end", [`get /c/0/0/0 -${indexSize}`, "get /c/0/0/0 0+12"]],
    ["start", [`get /c/0/0/0 0+${indexSize}`, `get /c/0/0/0 ${indexSize}+12`]],
  ] as const)(
    "costs one request for the index and one for its chunk, index at the %s",
    async (indexLocation, expected) => {
      const store = new RecordingStore();
      createArraySync(store, { ...options, indexLocation }).setSync(null, 3);
      const array = openArraySync(store);
      const batched = await openArray(new LatencyStore(store));
      store.take();
      expect(array.getSync([0, 0, 0])).toBe(3);
      expect(summarize(store.take())).toEqual(expected);
      expect(await batched.get([0, 0, 0])).toBe(3);
      expect(summarize(store.take())).toEqual(expected);
    },
  );
});
