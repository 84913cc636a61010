/** `withSyncodec`: what `zarr.get` and `getChunk` give, what is asked of the store, and whose errors they are. */

import { beforeAll, expect, test } from "vitest";
import * as zarr from "zarrita";
import { type ByteRange, createArraySync, init, SyncodecError } from "../../src/index.js";
import { withSyncodec } from "../../src/zarrita.js";
import { comparable, fixtureStore, openIn, RangeMap } from "./support.js";

beforeAll(() => init());

/** Answers later, and counts. */
class RemoteStore {
  readonly requests: string[] = [];
  readonly #map: RangeMap;
  constructor(map: RangeMap) {
    this.#map = map;
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    this.requests.push(key);
    return this.#map.get(key);
  }
  async getRange(key: string, range: ByteRange): Promise<Uint8Array | undefined> {
    this.requests.push(key);
    return this.#map.getRange(key, range);
  }
}

function sharded(): RangeMap {
  const store = new RangeMap();
  const array = createArraySync(store, {
    path: "a",
    shape: [50, 45],
    chunkShape: [5, 4],
    shardShape: [20, 20],
    dataType: "int32",
    fillValue: 7,
    compressors: ["crc32c"],
  });
  array.setSync(
    null,
    Int32Array.from({ length: 50 * 45 }, (_, i) => i),
  );
  return store;
}

test("zarr.get through it asks for a shard's index once, and for neighbouring chunks together", async () => {
  const map = sharded();
  const reads = async (extend: boolean): Promise<[unknown, number]> => {
    const store = new RemoteStore(map);
    const array = await openIn(store, "a");
    const extended = extend ? withSyncodec(array) : array;
    await extended.getChunk([0, 0]);
    store.requests.length = 0;
    const result = comparable(await zarr.get(extended, [zarr.slice(1, 19), zarr.slice(2, 15)]));
    return [result, store.requests.length];
  };
  const [theirs, theirRequests] = await reads(false);
  const [ours, ourRequests] = await reads(true);
  expect(ours).toEqual(theirs);
  expect(theirRequests).toBe(16);
  expect(ourRequests).toBe(1);
});

test("a store can carry it to every array that is opened", async () => {
  const store = new RemoteStore(sharded());
  const extended = await zarr.extendStore(
    store,
    zarr.defineStoreExtension(() => ({ arrayExtensions: [withSyncodec] })),
  );
  const array = await zarr.open(zarr.root(extended).resolve("a"), { kind: "array" });
  await array.getChunk([0, 0]);
  store.requests.length = 0;
  await zarr.get(array, [zarr.slice(1, 19), zarr.slice(2, 15)]);
  expect(store.requests).toHaveLength(1);
});

test("a chunk is whole at the array's edge, and contiguous, also one of many", async () => {
  const array = await openIn(sharded(), "a");
  const extended = withSyncodec(array);
  const coordinates = [0, 4, 9].flatMap((row) => [0, 5, 11].map((column) => [row, column]));
  const chunks = await Promise.all(coordinates.map((each) => extended.getChunk(each)));
  for (const [i, chunk] of chunks.entries()) {
    expect(chunk).toMatchObject({ shape: [5, 4], stride: [4, 1] });
    expect(comparable(chunk)).toEqual(comparable(await array.getChunk(coordinates[i]!)));
  }
});

test.each([
  "family/001-bool-transposed",
  "family/039-int64-nested",
  "v2/types/32-null_terminated_bytes",
  "v2/types/34-fixed_length_utf32",
  "special/rank0-uint64-zstd",
])("%s: every chunk", async (path) => {
  const array = await openIn(fixtureStore(), path).catch(() => undefined);
  if (array === undefined) throw new TypeError(`no array at ${path}`);
  const extended = withSyncodec(array);
  const counts = array.shape.map((length, axis) => Math.ceil(length / array.chunks[axis]!));
  const coordinates = counts.reduce<number[][]>(
    (all, count) => all.flatMap((each) => Array.from({ length: count }, (_, i) => [...each, i])),
    [[]],
  );
  const chunks = await Promise.all(coordinates.map((each) => extended.getChunk(each)));
  // zarrita cannot read shards in shards.
  if (path.includes("nested")) expect(chunks).toHaveLength(coordinates.length);
  else
    for (const [i, chunk] of chunks.entries())
      expect(comparable(chunk)).toEqual(comparable(await array.getChunk(coordinates[i]!)));
});

test("a bad chunk is the error of those who asked for it", async () => {
  const store = sharded();
  const key = "/a/c/0/0";
  const value = store.get(key)!.slice();
  value[10] = value[10]! ^ 1;
  store.set(key, value);
  const extended = withSyncodec(await openIn(new RemoteStore(store), "a"));
  const results = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => extended.getChunk([i >> 2, i & 3])));
  const rejected = results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  expect(rejected).toHaveLength(1);
  expect(rejected[0]).toBeInstanceOf(SyncodecError);
  expect(rejected[0]).toMatchObject({ code: "CHECKSUM_MISMATCH", key });
  await expect(zarr.get(extended)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
});

test("coordinates are checked; a signal stops the read", async () => {
  const extended = withSyncodec(await openIn(sharded(), "a"));
  for (const coordinates of [[-1, 0], [0], [0.5, 0], [0, 0, 0]])
    await expect(extended.getChunk(coordinates)).rejects.toMatchObject({ code: "INVALID_SELECTION" });
  const signal = AbortSignal.abort();
  await expect(extended.getChunk([0, 0], { signal })).rejects.toMatchObject({ name: "AbortError" });
});
