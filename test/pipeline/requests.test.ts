/** Which requests each path makes, and with which bytes. Slots of the 8-byte inner chunks below are 12 bytes with their checksum. */

import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  type CodecOption,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  init,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { GatedStore, settle } from "../support/gated_store.js";
import { RecordingStore, summarize } from "../support/recording_store.js";
import { chunkKeys, slotsOf, snapshot } from "../support/snapshot.js";

beforeAll(() => init());

/** Two shards of eight inner chunks of four int16; one index is 8 × 16 + 4 bytes. */
const sharded = {
  shape: [64],
  shardShape: [32],
  chunkShape: [4],
  dataType: "int16",
  compressors: ["crc32c"],
  subchunkWriteOrder: "lexicographic",
} as const satisfies CreateArrayOptions;

const unsharded = { shape: [12], chunkShape: [4], dataType: "int16" } as const satisfies CreateArrayOptions;

const ascending = (length: number, first = 1) => Int16Array.from({ length }, (_, i) => first + i);

interface Opened {
  readonly store: RecordingStore;
  readonly array: ZarrArray;
}

function create(options: CreateArrayOptions): Opened {
  const store = new RecordingStore();
  const array: ZarrArray = createArraySync(store, options);
  store.take();
  return { store, array };
}

/** An array in which every element is written. */
function filled(options: CreateArrayOptions): Opened {
  const { store, array } = create(options);
  array.setSync(null, ascending(options.shape.reduce((count, length) => count * length, 1)));
  store.take();
  return { store, array };
}

/** The same call on the synchronous and on the batched pipeline, each on a store of its own. */
async function requestsOf(
  open: () => Opened,
  sync: (array: ZarrArray) => unknown,
  batched: (array: ZarrArray) => Promise<unknown>,
  options: CreateArrayOptions,
): Promise<string[]> {
  const first = open();
  sync(first.array);
  const requests = summarize(first.store.take());
  const second = open();
  const later = await openArray(new LatencyStore(second.store), { ...options, pipeline: "batched" });
  second.store.take();
  await batched(later);
  expect(summarize(second.store.take()), "batched").toEqual(requests);
  return requests;
}

const getting = (options: CreateArrayOptions, selection: Parameters<ZarrArray["get"]>[0]) =>
  requestsOf(
    () => filled(options),
    (array) => array.getSync(selection ?? null),
    (array) => array.get(selection ?? null),
    options,
  );

function setting(
  open: () => Opened,
  options: CreateArrayOptions,
  selection: Parameters<ZarrArray["setSync"]>[0],
  value: number | Int16Array,
): Promise<string[]> {
  const given = value as number;
  return requestsOf(
    open,
    (array) => array.setSync(selection, given),
    (array) => array.set(selection, given),
    options,
  );
}

describe("reads of chunks (R1)", () => {
  test("make one get each", async () => {
    expect(await getting(unsharded, [slice(5, 7)])).toEqual(["get /c/1"]);
    expect(await getting(unsharded, null)).toEqual(["get /c/0", "get /c/1", "get /c/2"]);
  });

  test.each<[string, CodecOption[], CodecOption[]]>([
    ["gzip after the shard", [], ["gzip"]],
    ["crc32c after the shard", [], ["crc32c"]],
    ["transpose before the shard", [{ name: "transpose", configuration: { order: [1, 0] } }], []],
  ])("take the whole value: %s", async (_, before, after) => {
    const shard = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2, 2], codecs: ["bytes"], index_codecs: ["bytes"] },
    };
    const codecs = [...before, shard, ...after];
    const options = { shape: [4, 4], chunkShape: [4, 4], dataType: "int16", codecs } as const;
    expect(await getting(options, [1, 1])).toEqual(["get /c/0/0"]);
  });

  test("a selection of nothing makes no request", async () => {
    expect(await getting(unsharded, [slice(3, 3)])).toEqual([]);
    expect(await getting(sharded, [slice(40, 10)])).toEqual([]);
  });
});

describe("reads of shards", () => {
  test("of every inner chunk: one get of the whole shard (R2)", async () => {
    expect(await getting(sharded, null)).toEqual(["get /c/0", "get /c/1"]);
    expect(await getting(sharded, [slice(0, 32, 4)]), "one element of each").toEqual(["get /c/0"]);
  });

  test("of an edge shard: what lies in the array is all of it (R2)", async () => {
    const options = { ...sharded, shape: [41] };
    expect(await getting(options, [slice(32, null, 4)])).toEqual(["get /c/1"]);
  });

  test("of a part: the index, then adjacent chunks in one request (R3)", async () => {
    expect(await getting(sharded, [slice(6, 18)])).toEqual(["get /c/0 -132", "get /c/0 12+48"]);
  });

  test("of one element: the index and one chunk", async () => {
    expect(await getting(sharded, [45])).toEqual(["get /c/1 -132", "get /c/1 36+12"]);
    expect(await getting({ ...sharded, indexLocation: "start" }, [45])).toEqual(["get /c/1 0+132", "get /c/1 168+12"]);
  });

  test("joins ranges up to the gap that is allowed, and no further", async () => {
    const options = { ...sharded, coalesce: { maxGapBytes: 12 } };
    const selection = [slice(0, 20, 8)];
    expect(await getting(options, selection)).toEqual(["get /c/0 -132", "get /c/0 0+60"]);
    expect(await getting({ ...sharded, coalesce: { maxGapBytes: 11 } }, selection)).toEqual([
      "get /c/0 -132",
      "get /c/0 0+12",
      "get /c/0 24+12",
      "get /c/0 48+12",
    ]);
    expect(await getting({ ...sharded, coalesce: { maxBytes: 36 } }, selection)).toEqual([
      "get /c/0 -132",
      "get /c/0 0+36",
      "get /c/0 48+12",
    ]);
  });

  test("of a missing shard: one index request, and no data", async () => {
    const requests = await requestsOf(
      () => create(sharded),
      (array) => array.getSync([3]),
      (array) => array.get([3]),
      sharded,
    );
    expect(requests).toEqual(["get /c/0 -132"]);
  });

  test("of missing inner chunks: no data request", () => {
    const { store, array } = create(sharded);
    array.setSync([slice(0, 4)], ascending(4));
    store.take();
    expect(array.getSync([10])).toBe(0);
    expect(summarize(store.take())).toEqual(["get /c/0 -132"]);
    expect(openArraySync(store, { readMissingChunks: false }).getSync([10])).toBe(0);
  });

  test("nested: outer index, inner indexes, data", async () => {
    // Four inner shards of four chunks of 4 + 4 bytes each; every index is 4 × 16 + 4 bytes.
    const inner: CodecOption = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2], codecs: ["bytes", "crc32c"], index_codecs: ["bytes", "crc32c"] },
    };
    const options = { ...sharded, shape: [32], chunkShape: [8], compressors: [], serializer: inner };
    expect(await getting(options, [slice(7, 9)])).toEqual(["get /c/0 -68", "get /c/0 32+168", "get /c/0 24+84"]);
    expect(await getting({ ...options, coalesce: { maxGapBytes: 0 } }, [slice(7, 9)])).toEqual([
      "get /c/0 -68",
      "get /c/0 32+68",
      "get /c/0 132+68",
      "get /c/0 24+8",
      "get /c/0 100+8",
    ]);
  });

  test("nested, inner indexes at the start", async () => {
    const inner: CodecOption = {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [2],
        codecs: ["bytes", "crc32c"],
        index_codecs: ["bytes", "crc32c"],
        index_location: "start",
      },
    };
    const options = { ...sharded, shape: [32], chunkShape: [8], compressors: [], serializer: inner };
    expect(await getting(options, [slice(7, 9)])).toEqual(["get /c/0 -68", "get /c/0 0+168", "get /c/0 92+84"]);
  });

  test("nested, in a value that is cut short: the inner index is held against the bytes there are", () => {
    const serializer: CodecOption = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes"], index_location: "start" },
    };
    const layout = { shape: [16], shardShape: [16], chunkShape: [8], indexLocation: "start" } as const;
    const { store, array } = filled({ ...sharded, ...layout, compressors: [], serializer });
    store.setSync("/c/0", store.getSync("/c/0")!.slice(0, -1));
    store.take();
    expect(() => array.getSync([slice(8, 16)])).toThrow(
      expect.objectContaining({ code: "INVALID_SHARD_INDEX", chunk: [3], found: "offset 76, length 4" }),
    );
  });

  test("a store without ranges is asked for whole values", async () => {
    const { store } = filled(sharded);
    const get = vi.fn(async (key: string) => store.getSync(key));
    const array = await openArray({ get });
    get.mockClear();
    expect(await array.get([45])).toBe(46);
    expect(get.mock.calls.map(([key]) => key)).toEqual(["/c/1", "/c/1"]);
  });
});

describe("missing keys with readMissingChunks: false", () => {
  const shard = {
    name: "sharding_indexed",
    configuration: { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes"] },
  };

  test.each<[string, CreateArrayOptions]>([
    ["chunk", unsharded],
    ["shard", { ...sharded, shape: [32] }],
    ["shard inside gzip", { shape: [8], chunkShape: [8], dataType: "int16", codecs: [shard, "gzip"] }],
  ])("are errors: %s", async (_, options) => {
    const { store, array } = create({ ...options, readMissingChunks: false });
    const error = { code: "MISSING_CHUNK", key: "/c/0" };
    expect(() => array.getSync()).toThrow(expect.objectContaining(error));
    expect(() => array.getSync([1])).toThrow(expect.objectContaining(error));
    const later = await openArray(new LatencyStore(store), { readMissingChunks: false });
    await expect(later.get()).rejects.toMatchObject(error);
    array.setSync([1], 5);
    expect(array.getSync([1])).toBe(5);
    expect(array.getSync([0]), "beside it").toBe(0);
  });
});

describe("writes of chunks", () => {
  test("whole: no read (W1)", async () => {
    expect(await setting(() => filled(unsharded), unsharded, [slice(4, 8)], ascending(4))).toEqual(["set /c/1"]);
    const ragged = { ...unsharded, shape: [10] };
    expect(await setting(() => filled(ragged), ragged, [slice(8, 10)], ascending(2))).toEqual(["set /c/2"]);
  });

  test("partial: one read, one write (W2)", async () => {
    const requests = await setting(() => filled(unsharded), unsharded, [slice(3, 9)], ascending(6));
    expect(requests).toEqual(["get /c/0", "get /c/2", "set /c/0", "set /c/1", "set /c/2"]);
  });

  test("that become empty delete their key, and ask nothing of a key that is not there", async () => {
    expect(await setting(() => filled(unsharded), unsharded, [slice(4, 8)], 0)).toEqual(["delete /c/1"]);
    expect(await setting(() => create(unsharded), unsharded, [5], 0)).toEqual(["get /c/1"]);
  });
});

describe("writes of shards", () => {
  test("whole: no read (W3)", async () => {
    expect(await setting(() => filled(sharded), sharded, [slice(32, 64)], ascending(32))).toEqual(["set /c/1"]);
    expect(await setting(() => filled(sharded), sharded, null, 7)).toEqual(["set /c/0", "set /c/1"]);
  });

  test("whole, at the edge: no read, and nothing stored outside of the array (W3)", async () => {
    const options = { ...sharded, shape: [41], writeEmptyChunks: true };
    expect(await setting(() => filled(options), options, [slice(32, 41)], ascending(9))).toEqual(["set /c/1"]);
    const { store, array } = create(options);
    array.setSync([slice(32, 41)], 0);
    expect(slotsOf(store, "/c/1", 8).map((slot) => slot !== undefined)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false, false],
    ]);
  });

  test("partial: one read, one write (W4)", async () => {
    expect(await setting(() => filled(sharded), sharded, [5], 9)).toEqual(["get /c/0", "set /c/0"]);
    expect(await setting(() => create(sharded), sharded, [5], 9)).toEqual(["get /c/0", "set /c/0"]);
    expect(await setting(() => create(sharded), sharded, [5], 0)).toEqual(["get /c/0"]);
  });

  test("partial: untouched inner chunks keep their bytes and the order of their slots (W4)", () => {
    const { store, array } = create({ ...sharded, subchunkWriteOrder: "colexicographic" });
    array.setSync([slice(20, 24)], ascending(4));
    array.setSync([slice(4, 8)], ascending(4));
    array.setSync([slice(28, 30)], ascending(2));
    const before = slotsOf(store, "/c/0", 8);
    const order = (slots: typeof before) =>
      slots
        .flatMap((slot, number) => (slot === undefined ? [] : [{ number, offset: slot.offset }]))
        .sort((a, b) => a.offset - b.offset)
        .map(({ number }) => number);
    expect(order(before)).toEqual([5, 1, 7]);
    array.setSync([slice(0, 6)], ascending(6, 50));
    const after = slotsOf(store, "/c/0", 8);
    expect(order(after)).toEqual([5, 1, 7, 0]);
    for (const number of [5, 7]) expect(after[number]).toEqual(before[number]);
    expect(after[1]!.hex).not.toBe(before[1]!.hex);
  });

  test("partial: untouched inner chunks are never decoded (W4)", () => {
    const { store, array } = filled(sharded);
    const value = store.getSync("/c/0")!.slice();
    value[5 * 12] = value[5 * 12]! ^ 0xff;
    store.setSync("/c/0", value);
    array.setSync([slice(0, 4)], ascending(4, 90));
    expect(slotsOf(store, "/c/0", 8)[5]!.hex).toBe(Buffer.from(value.subarray(60, 72)).toString("hex"));
    expect(() => array.getSync([20])).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH", chunk: [5] }));
    expect(() => array.setSync([20], 1)).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH", key: "/c/0" }));
  });

  test("a shard of which only inner chunks outside of the array remain is deleted", () => {
    const { store, array } = create({ ...sharded, shape: [32], writeEmptyChunks: true });
    array.setSync(null, ascending(32));
    const document = new TextDecoder().decode(store.getSync("/zarr.json"));
    store.setSync("/zarr.json", new TextEncoder().encode(document.replace(/"shape":\s*\[\s*32\s*\]/, '"shape":[9]')));
    const shrunk = openArraySync(store);
    expect(shrunk.shape).toEqual([9]);
    const outside = slotsOf(store, "/c/0", 8).slice(3);
    shrunk.setSync([slice(0, 6)], 0);
    expect(
      slotsOf(store, "/c/0", 8)
        .slice(3)
        .map((slot) => slot?.hex),
    ).toEqual(outside.map((slot) => slot?.hex));
    shrunk.setSync([slice(5, 9)], 0);
    expect(chunkKeys(store)).toEqual([]);
  });
});

describe("scalars", () => {
  const spyOnChecksum = () => vi.spyOn(currentMemory().kernels, "crc32c");

  test("are encoded once per distinct extent", () => {
    const { array } = create({ shape: [10, 10], chunkShape: [4, 4], dataType: "int16", compressors: ["crc32c"] });
    const crc32c = spyOnChecksum();
    array.setSync(null, 5);
    expect(crc32c).toHaveBeenCalledTimes(4);
    crc32c.mockRestore();
    expect(array.getSync([9, 9])).toBe(5);
  });

  test("are encoded once for all shards of one extent", () => {
    const { array } = create({ ...sharded, indexCodecs: ["bytes"] });
    const encodeShard = vi.spyOn(currentMemory().kernelsOf(bulkKernels), "encodeShard");
    array.setSync(null, 5);
    expect(encodeShard).toHaveBeenCalledTimes(1);
    encodeShard.mockRestore();
    expect([...array.getSync().data].every((value) => value === 5)).toBe(true);
  });

  test("are encoded once for the inner chunks of all compressed shards", () => {
    const { array } = create({ ...sharded, indexCodecs: ["bytes"], compressors: ["gzip", "crc32c"] });
    const crc32c = spyOnChecksum();
    array.setSync(null, 5);
    expect(crc32c).toHaveBeenCalledTimes(1);
    crc32c.mockRestore();
  });

  test("are encoded once, however many keys they cover", () => {
    const options = { shape: [300], chunkShape: [2], dataType: "int16", compressors: ["crc32c"] } as const;
    const { array } = create(options);
    const crc32c = spyOnChecksum();
    array.setSync(null, 5);
    expect(crc32c).toHaveBeenCalledTimes(1);
    crc32c.mockRestore();
    expect([...array.getSync().data]).toEqual(Array(300).fill(5));
  });

  test("that equal the fill value delete every key", async () => {
    expect(await setting(() => filled(sharded), sharded, null, 0)).toEqual(["delete /c/0", "delete /c/1"]);
  });
});

describe("the batched driver", () => {
  const options = { shape: [24], chunkShape: [2], dataType: "int16", pipeline: "batched" } as const;

  async function gated(concurrency: number) {
    const store = new GatedStore();
    const array = await createArray(store, { ...options, concurrency });
    await array.set(null, ascending(24));
    store.isOpen = false;
    return { store, array };
  }

  test.each([1, 3, 100])("has at most %d requests in flight, and that many at once", async (concurrency) => {
    const { store, array } = await gated(concurrency);
    const reading = array.get();
    await store.answerAll();
    expect((await reading).data).toEqual(ascending(24));
    expect(store.mostInFlight).toBe(Math.min(concurrency, 12));
    store.mostInFlight = 0;
    const writing = array.set(null, 7);
    await store.answerAll();
    await writing;
    expect(store.mostInFlight).toBe(Math.min(concurrency, 12));
  });

  test("bounds requests over several plans", async () => {
    const store = new GatedStore();
    const array = await createArray(store, { ...options, shape: [600], concurrency: 100 });
    await array.set(null, 3);
    store.isOpen = false;
    const reading = array.get();
    await store.answerAll();
    expect(new Set((await reading).data)).toEqual(new Set([3]));
    expect(store.mostInFlight).toBe(100);
  });

  test("a shard that is read in two steps holds up no other", async () => {
    const store = new GatedStore();
    const array = await createArray(store, { ...sharded, compressors: [{ name: "zstd" }], pipeline: "batched" });
    await array.set(null, ascending(64));
    store.isOpen = false;
    // The first shard is wanted in part: its index, then its inner chunks. The second one is wanted whole: one request.
    const reading = array.get([slice(4, 64)]);
    await settle();
    expect(store.pending).toHaveLength(2);
    await store.answerAll();
    expect(await reading).toMatchObject({ data: ascending(60, 5) });
    // Now that its index is known, both are asked for at once.
    const again = array.get([slice(4, 64)]);
    await settle();
    const asked = store.pending.length;
    await store.answerAll();
    await again;
    expect(asked).toBe(2);
  });

  test("stops at an abort and leaves each key old or new", async () => {
    const { store, array } = await gated(4);
    const old = snapshot(store.values);
    const controller = new AbortController();
    const reason = new Error("enough");
    const progress: number[] = [];
    const writing = array.set(null, 7, {
      signal: controller.signal,
      onProgress: ({ completed }) => void progress.push(completed),
    });
    const outcome = expect(writing).rejects.toBe(reason);
    await settle();
    await store.answer();
    await store.answer();
    controller.abort(reason);
    const inFlight = store.pending.length;
    expect(inFlight).toBe(4);
    await store.answerAll();
    await outcome;
    const now = snapshot(store.values);
    const changed = Object.keys(old).filter((key) => now[key] !== old[key]);
    expect(changed).toHaveLength(2 + inFlight);
    for (const key of changed) expect(now[key]).toBe("07000700");
    expect(progress).toEqual([]);
    await expect(array.get(null, { signal: controller.signal })).rejects.toBe(reason);
    expect(store.pending).toEqual([]);
  });

  test("throws the first error in input order, also when a later one comes first", async () => {
    const { store, array } = await gated(4);
    const reading = array.get();
    const outcome = expect(reading).rejects.toMatchObject({ code: "STORE_ERROR", key: "/c/1" });
    await settle();
    await store.fail(3, new Error("late in the order, early in time"));
    await store.fail(1, new Error("early in the order"));
    expect(store.pending).toEqual(["get /c/0", "get /c/2"]);
    await store.answerAll();
    await outcome;
  });
});

describe("of several bad chunks the first in input order is named", () => {
  const options = { shape: [300], chunkShape: [2], dataType: "int16", compressors: ["crc32c"] } as const;
  const damaged = (): MemoryStore => {
    const store = new MemoryStore();
    createArraySync(store, options).setSync(null, 9);
    for (const key of ["/c/140", "/c/70", "/c/5"]) store.setSync(key, new Uint8Array(8));
    return store;
  };

  test("synchronously", () => {
    const array = openArraySync(damaged());
    expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "CHECKSUM_MISMATCH", key: "/c/5" }));
    expect(() => array.getSync([slice(20, 290)])).toThrow(expect.objectContaining({ key: "/c/70" }));
  });

  test("batched", async () => {
    const array = await openArray(new LatencyStore(damaged()));
    await expect(array.get()).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH", key: "/c/5" });
    await expect(array.get([slice(20, 290)])).rejects.toMatchObject({ key: "/c/70" });
  });
});
