/** The pure functions of `sharding_indexed`: sizes, entries at their bounds, orders and layouts; and which inner chains are dense. */

import { beforeAll, describe, expect, test } from "vitest";
import { codecsFromOptions } from "../../src/array_options.js";
import { type DenseSlot, denseSlot } from "../../src/codecs/dense.js";
import {
  type BoundShard,
  chunkCoordinates,
  indexOffset,
  indexRange,
  ShardIndex,
} from "../../src/codecs/sharding_indexed.js";
import { type CodecOption, createCodecPipeline, type IndexLocation, init, registerCodec } from "../../src/index.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { layoutShard, slotOrder } from "../../src/pipeline/shard_writing.js";
import { syncodecError } from "./support.js";

beforeAll(() => init());

function bind(shape: readonly number[], codecs: readonly CodecOption[], dataTypeName = "uint16") {
  const dataType = dataTypeByName(dataTypeName);
  const spec = { shape, dataType, fillValue: dataType.defaultFill() };
  return bindCodecs(codecsFromOptions({ codecs }, dataType), spec, { field: "codecs" });
}

const sharding = (chunk_shape: readonly number[], codecs: readonly CodecOption[], index_location: IndexLocation) => ({
  name: "sharding_indexed",
  configuration: { chunk_shape, codecs, index_codecs: ["bytes"], index_location },
});

/** Two by three inner chunks of two uint16; the index is 96 bytes. */
function shardAt(index_location: IndexLocation, codecs: readonly CodecOption[] = ["bytes"]): BoundShard {
  return bind([2, 6], [sharding([1, 2], codecs, index_location)]).shard!;
}

const missing = [2n ** 64n - 1n, 2n ** 64n - 1n] as const;

/** An index of the given entries, the rest missing. */
function indexOf(shard: BoundShard, entries: readonly (readonly [bigint, bigint])[], byteLength?: number): ShardIndex {
  const words = new BigUint64Array(2 * shard.chunkCount).fill(missing[0]);
  words.set(entries.flat());
  return new ShardIndex(shard, new Uint8Array(words.buffer), byteLength);
}

describe("sizes", () => {
  test("of a shard, its index, and what codecs behind it must hold at most", () => {
    const { grid, chunkCount, indexSize, decodedSize, encodedSize } = shardAt("end", ["bytes", "crc32c"]);
    expect({ grid, chunkCount, indexSize, decodedSize }).toEqual({
      grid: [2, 3],
      chunkCount: 6,
      indexSize: 96,
      decodedSize: { kind: "fixed", bytes: 24 },
    });
    expect(encodedSize, "room for gaps").toEqual({ kind: "bounded", bytes: 2 * 6 * (4 + 4) + 96 });
  });

  test("the index lies at one end", () => {
    expect(indexRange(shardAt("start"))).toEqual({ offset: 0, length: 96 });
    expect(indexRange(shardAt("end"))).toEqual({ suffixLength: 96 });
    expect(indexOffset(shardAt("start"), 500)).toBe(0);
    expect(indexOffset(shardAt("end"), 500)).toBe(404);
  });

  test("2^26 inner chunks are allowed, one more is not", () => {
    const create = (count: number) =>
      createCodecPipeline({ shape: [count], dataType: "uint8", codecs: [sharding([1], ["bytes"], "end")] });
    create(2 ** 26);
    expect(syncodecError(() => create(2 ** 26 + 1))).toMatchObject({
      code: "UNSUPPORTED",
      expected: `at most ${2 ** 26}`,
      found: 2 ** 26 + 1,
    });
  });
});

describe("entries", () => {
  const slotOf = (location: IndexLocation, offset: number, length: number, byteLength?: number) =>
    indexOf(shardAt(location), [[BigInt(offset), BigInt(length)]], byteLength).slot(0);

  test("are found by number, missing ones are undefined", () => {
    const index = indexOf(shardAt("end"), [[0n, 4n], missing, [4n, 5n]], 200);
    expect([0, 1, 2, 5].map((number) => index.slot(number))).toEqual([
      { offset: 0, length: 4 },
      undefined,
      { offset: 4, length: 5 },
      undefined,
    ]);
  });

  test("may end where the index at the end begins, and begin where the one at the start ends", () => {
    expect(slotOf("end", 100, 4, 200)).toEqual({ offset: 100, length: 4 });
    expect(slotOf("start", 96, 104, 200)).toEqual({ offset: 96, length: 104 });
    for (const [location, offset, length] of [
      ["end", 100, 5],
      ["end", 104, 1],
      ["start", 95, 2],
      ["start", 0, 1],
    ] as const)
      expect(syncodecError(() => slotOf(location, offset, length, 200))).toMatchObject({
        code: "INVALID_SHARD_INDEX",
        reason: "Shard index entry reaches into the index",
      });
  });

  test("of no bytes may point anywhere in the shard", () => {
    expect(slotOf("end", 150, 0, 200)).toEqual({ offset: 150, length: 0 });
    expect(slotOf("start", 0, 0, 200)).toEqual({ offset: 0, length: 0 });
    expect(slotOf("end", 200, 0, 200)).toEqual({ offset: 200, length: 0 });
    expect(syncodecError(() => slotOf("end", 201, 0, 200)).code).toBe("INVALID_SHARD_INDEX");
  });

  test("beyond 2^32 are exact; without a known length all up to 2^53 - 1 are taken", () => {
    expect(slotOf("start", 2 ** 40 + 3, 2 ** 33 + 5)).toEqual({ offset: 2 ** 40 + 3, length: 2 ** 33 + 5 });
    expect(slotOf("end", 2 ** 53 - 2, 1)).toEqual({ offset: 2 ** 53 - 2, length: 1 });
    expect(syncodecError(() => slotOf("end", 2 ** 53 - 2, 2)).expected).toBe("an end below 2^53");
  });

  test("with the word that marks a missing one in only one half of them are none", () => {
    expect(slotOf("start", 2 ** 32 - 1, 2 ** 32 - 1)).toEqual({ offset: 2 ** 32 - 1, length: 2 ** 32 - 1 });
  });
});

describe("isDisjoint", () => {
  const isDisjoint = (entries: readonly (readonly [bigint, bigint])[], location: IndexLocation, byteLength?: number) =>
    indexOf(shardAt(location), entries, byteLength).isDisjoint();

  test.each<[string, readonly (readonly [bigint, bigint])[], boolean]>([
    ["no slot", [], true],
    [
      "adjacent slots in any order",
      [
        [8n, 4n],
        [0n, 4n],
        [4n, 4n],
      ],
      true,
    ],
    ["slots with gaps", [[10n, 4n], missing, [0n, 4n]], true],
    [
      "one byte shared",
      [
        [0n, 5n],
        [4n, 4n],
      ],
      false,
    ],
    [
      "one byte shared, later one first",
      [
        [4n, 4n],
        [0n, 5n],
      ],
      false,
    ],
    [
      "the same range",
      [
        [0n, 4n],
        [0n, 4n],
      ],
      false,
    ],
    [
      "an overlap of the last two",
      [
        [0n, 4n],
        [4n, 4n],
        [6n, 4n],
      ],
      false,
    ],
  ])("%s", (_, entries, expected) => {
    expect(isDisjoint(entries, "end", 200)).toBe(expected);
    const moved = entries.map((entry) => (entry === missing ? missing : ([entry[0] + 96n, entry[1]] as const)));
    expect(isDisjoint(moved, "start", 200)).toBe(expected);
    expect(isDisjoint(moved, "start"), "length unknown").toBe(expected);
  });

  test("is not certain of an index at the end of a shard of unknown length", () => {
    expect(isDisjoint([[0n, 4n]], "end")).toBe(false);
  });
});

describe("orders", () => {
  test("of slots", () => {
    expect([...slotOrder([2, 3], "lexicographic")]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...slotOrder([2, 3], "unordered")]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...slotOrder([2, 3], "colexicographic")]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...slotOrder([2, 2, 2], "colexicographic")]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
    expect([...slotOrder([3, 1, 2], "colexicographic")]).toEqual([0, 2, 4, 1, 3, 5]);
    expect([...slotOrder([2, 3], "morton")].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...slotOrder([2, 4], "morton")]).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const order of ["morton", "lexicographic", "colexicographic"] as const)
      expect([...slotOrder([], order)]).toEqual([0]);
  });

  test("are computed once per grid and order", () => {
    const grid = [2, 3];
    const orders = [slotOrder(grid, "morton"), slotOrder(grid, "colexicographic")];
    expect(slotOrder(grid, "morton")).toBe(orders[0]);
    expect(slotOrder(grid, "colexicographic")).toBe(orders[1]);
    expect(orders[0]).not.toBe(orders[1]);
  });

  test("coordinates of a chunk number", () => {
    expect(Array.from({ length: 6 }, (_, chunk) => chunkCoordinates([2, 3], chunk))).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    expect(chunkCoordinates([], 0)).toEqual([]);
    expect(chunkCoordinates([2, 3, 4], 23)).toEqual([1, 2, 3]);
  });
});

test.each<[IndexLocation, number]>([
  ["end", 0],
  ["start", 96],
])("slots are packed in order, the index at the %s", (location, base) => {
  const shard = shardAt(location);
  const lengths = Float64Array.of(4, -1, 0, 7, -1, 2);
  const { index, offsets, byteLength } = layoutShard(shard, lengths, Uint32Array.of(5, 4, 3, 2, 1, 0));
  expect(offsets).toEqual([base + 9, undefined, base + 9, base + 2, undefined, base]);
  expect(byteLength).toBe(13 + 96);
  const read = new ShardIndex(shard, index, byteLength);
  expect(Array.from(lengths, (_, number) => read.slot(number))).toEqual(
    offsets.map((offset, number) => (offset === undefined ? undefined : { offset, length: lengths[number] })),
  );
});

describe("dense inner chains", () => {
  const big = { name: "bytes", configuration: { endian: "big" } };
  const transpose = (...order: number[]) => ({ name: "transpose", configuration: { order } });
  const dense = (codecs: readonly CodecOption[], shape = [2, 3]) => denseSlot(bind(shape, codecs));

  test.each<[string, readonly CodecOption[], Partial<DenseSlot>]>([
    ["unchanged", ["bytes"], { swapSize: 1, checksum: false, strides: [6, 2], byteLength: 12 }],
    ["swapped", [big], { swapSize: 2, checksum: false, strides: [6, 2], byteLength: 12 }],
    ["with a checksum", ["bytes", "crc32c"], { swapSize: 1, checksum: true, strides: [6, 2], byteLength: 16 }],
    [
      "with all three",
      [transpose(1, 0), big, "crc32c"],
      { swapSize: 2, checksum: true, strides: [2, 4], byteLength: 16 },
    ],
  ])("%s", (_, codecs, expected) => {
    expect(dense(codecs)).toMatchObject(expected);
  });

  test.each<[string, readonly CodecOption[]]>([
    ["two checksums", ["bytes", "crc32c", "crc32c"]],
    ["two transposes", [transpose(1, 0), transpose(1, 0), "bytes"]],
    ["a compressor", ["bytes", "gzip"]],
    ["a shard", [sharding([1, 3], ["bytes"], "end")]],
  ])("%s is none", (_, codecs) => {
    expect(dense(codecs)).toBeUndefined();
  });

  test("a codec of fixed size that no kernel knows is none", () => {
    const same = (bytes: Uint8Array): Uint8Array => bytes.slice();
    const remove = registerCodec({
      name: "test.same",
      kind: "bytes_to_bytes",
      fromConfig: () => ({ encodeSync: same, decodeSync: same, computeEncodedSize: (bytes) => bytes }),
    });
    expect(dense(["bytes", "test.same"])).toBeUndefined();
    remove();
  });

  test("a transpose behind one that only turns axes of length 1 is none: its axes are not the chunk's", () => {
    expect(dense([transpose(1, 0, 2), transpose(2, 1, 0), "bytes"], [1, 2, 3])).toBeUndefined();
    expect(dense([transpose(1, 0, 2), "bytes"], [1, 2, 3])).toMatchObject({ strides: [12, 6, 2] });
  });
});
