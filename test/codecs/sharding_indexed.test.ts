/** Good shards made by hand, read and written in every kind of store. Bad ones: test/hostile/shards.test.ts. */

import { beforeAll, describe, expect, test } from "vitest";
import type { SyncodecError } from "../../src/errors.js";
import {
  type Chunk,
  type CreateArrayOptions,
  createArraySync,
  createCodecPipeline,
  init,
  MemoryStore,
  openArraySync,
  type Store,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { type Entry, entryBytes, missing, shard } from "../support/shard_bytes.js";
import { flipped, syncodecError } from "./support.js";

const chunkKey = "/a/c/0";
const indexSize = 2 * entryBytes + 4;

/** Four uint8 elements in two inner chunks, under `/a`. */
const options: CreateArrayOptions<"uint8"> = {
  path: "a",
  shape: [4],
  shardShape: [4],
  chunkShape: [2],
  dataType: "uint8",
  fillValue: 99,
};

type WritableStore = Store & { set(key: string, value: Uint8Array): unknown };

/** Stores that read whole values, ranges of them, and that also change shards in place. */
const stores: readonly (readonly [string, () => WritableStore, boolean])[] = [
  ["a Map", () => new Map(), false],
  ["a store with ranges", () => new MemoryStore(), false],
  ["a store with patches", () => new MemoryStore(), true],
];

beforeAll(() => init());

describe.each(stores)("in %s", (_, newStore, patch) => {
  function arrayOver(value: Uint8Array, extra: Partial<CreateArrayOptions<"uint8">> = {}): ZarrArray<"uint8"> {
    const store = newStore();
    createArraySync(store, { ...options, ...extra });
    store.set(chunkKey, value);
    return openArraySync(store, { path: "a", patch });
  }

  const read = (array: ZarrArray<"uint8">) => [...array.getSync().data];
  const readFirst = (array: ZarrArray<"uint8">) => [...(array.getSync([slice(0, 2)]) as Chunk<"uint8">).data];

  describe.each([["end"], ["start"]] as const)("index at the %s", (location) => {
    const base = location === "start" ? BigInt(indexSize) : 0n;
    const at = (offset: bigint, length: bigint): Entry => [base + offset, length];
    const extra = { indexLocation: location };
    const shardOf = (data: readonly number[], entries: readonly Entry[]) => shard(data, entries, { location });

    test("slots in any order, with gaps, overlapping and identical ones are read", () => {
      const inOrder = [at(0n, 2n), at(2n, 2n)];
      expect(read(arrayOver(shardOf([1, 2, 3, 4], inOrder), extra))).toEqual([1, 2, 3, 4]);
      expect(read(arrayOver(shardOf([1, 2, 3, 4], inOrder.toReversed()), extra))).toEqual([3, 4, 1, 2]);
      const gaps = shardOf([0, 1, 2, 0, 0, 3, 4, 0], [at(1n, 2n), at(5n, 2n)]);
      expect(read(arrayOver(gaps, extra))).toEqual([1, 2, 3, 4]);
      expect(read(arrayOver(shardOf([1, 2, 3], [at(0n, 2n), at(1n, 2n)]), extra))).toEqual([1, 2, 2, 3]);
      expect(read(arrayOver(shardOf([1, 2], [at(0n, 2n), at(0n, 2n)]), extra))).toEqual([1, 2, 1, 2]);
      expect(read(arrayOver(shardOf([1, 2], [missing, at(0n, 2n)]), extra))).toEqual([99, 99, 1, 2]);
      expect(read(arrayOver(shardOf([], [missing, missing]), extra))).toEqual([99, 99, 99, 99]);
    });

    test("a rewrite keeps the order of slots and the bytes of what it does not touch", () => {
      const array = arrayOver(shardOf([3, 4, 1, 2], [at(2n, 2n), at(0n, 2n)]), extra);
      array.setSync([slice(0, 2)], Uint8Array.of(8, 9));
      expect(read(array)).toEqual([8, 9, 3, 4]);
      expect((array.store as Map<string, Uint8Array>).get(chunkKey)).toEqual(
        shardOf([3, 4, 8, 9], [at(2n, 2n), at(0n, 2n)]),
      );
    });
  });

  test("an index in big-endian order without a checksum", () => {
    const indexCodecs = [{ name: "bytes", configuration: { endian: "big" } }];
    const value = shard(
      [1, 2, 3, 4],
      [
        [2n, 2n],
        [0n, 2n],
      ],
      { isLittle: false, hasChecksum: false },
    );
    expect(read(arrayOver(value, { indexCodecs }))).toEqual([3, 4, 1, 2]);
  });

  test("an index that is transposed", () => {
    const indexCodecs = [{ name: "transpose", configuration: { order: [1, 0] } }, "bytes"];
    const array = arrayOver(new Uint8Array(0), { indexCodecs });
    array.setSync(null, Uint8Array.of(1, 2, 3, 4));
    const value = (array.store as Map<string, Uint8Array>).get(chunkKey)!;
    expect([...new BigUint64Array(value.slice(4).buffer)]).toEqual([0n, 2n, 2n, 2n]);
    expect(read(array)).toEqual([1, 2, 3, 4]);
  });

  test("a checksum mismatch of an inner chunk names codec, inner chunk and key", () => {
    const array = arrayOver(new Uint8Array(0), { compressors: ["crc32c"] });
    array.setSync(null, Uint8Array.of(1, 2, 3, 4));
    const stored = (array.store as Map<string, Uint8Array>).get(chunkKey)!;
    const damaged = arrayOver(flipped(stored, 8 * 6), { compressors: ["crc32c"] });
    for (const selection of [null, [slice(2, 4)]]) {
      const error: SyncodecError = syncodecError(() => damaged.getSync(selection));
      expect(error).toMatchObject({ code: "CHECKSUM_MISMATCH", codec: "crc32c", key: chunkKey, chunk: [1] });
      expect(error.message).toMatch(/; codec crc32c; inner chunk \[1\]; key \/a\/c\/0\)$/);
    }
    expect(readFirst(damaged)).toEqual([1, 2]);
  });
});

describe("configurations", () => {
  const create = (shape: readonly number[], configuration: Record<string, unknown>) =>
    createCodecPipeline({
      shape,
      dataType: "uint8",
      codecs: [
        {
          name: "sharding_indexed",
          configuration: { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes", "crc32c"], ...configuration },
        },
      ],
    });

  test("inner count 1 on an axis, asymmetric grids and rank 0", () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i + 1);
    for (const chunk_shape of [
      [2, 3, 4],
      [1, 3, 2],
      [2, 1, 1],
      [1, 1, 4],
    ]) {
      const pipeline = create([2, 3, 4], { chunk_shape });
      expect(pipeline.decodeSync(pipeline.encodeSync(data)!).data).toEqual(data);
    }
    const scalar = create([], { chunk_shape: [] });
    const encoded = scalar.encodeSync(Uint8Array.of(5))!;
    expect(encoded).toEqual(shard([5], [[0n, 1n]]));
    expect(scalar.decodeSync(encoded).data).toEqual(Uint8Array.of(5));
  });
});

test("errors of an array name key, inner chunk and codec; those of a bare pipeline have no key", () => {
  const store = new Map<string, Uint8Array>();
  createArraySync(store, {
    path: "deep/er",
    shape: [4, 4],
    chunkShape: [2, 2],
    dataType: "uint16",
    codecs: ["bytes", "crc32c"],
  });
  store.set("/deep/er/c/1/0", new Uint8Array(12));
  const array = openArraySync(store, { path: "deep/er" });
  const error = syncodecError(() => array.getSync());
  expect(error).toMatchObject({ code: "CHECKSUM_MISMATCH", key: "/deep/er/c/1/0", codec: "crc32c" });
  expect(error.chunk).toBeUndefined();
  const pipeline = createCodecPipeline({ shape: [2, 2], dataType: "uint16", codecs: ["bytes", "crc32c"] });
  const bare = syncodecError(() => pipeline.decodeSync(new Uint8Array(12)));
  expect(bare.key).toBeUndefined();
  expect(bare.message).not.toContain("key");
});
