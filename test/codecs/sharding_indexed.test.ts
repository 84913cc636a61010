/** Shards made by hand, good and bad, read and written through every path. */

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { SyncodecError } from "../../src/errors.js";
import {
  type Chunk,
  type CodecOption,
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
import { crc32c } from "../reference/crc32c.js";
import { flipped, join, syncodecError, syncodecErrorIfAny } from "./support.js";

type Entry = readonly [offset: bigint, length: bigint];
type Location = "start" | "end";

const missing: Entry = [2n ** 64n - 1n, 2n ** 64n - 1n];
const entryBytes = 16;

interface Index {
  readonly location?: Location;
  readonly isLittle?: boolean;
  readonly hasChecksum?: boolean;
}

function encodeIndex(entries: readonly Entry[], { isLittle = true, hasChecksum = true }: Index = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(entries.length * entryBytes));
  entries.forEach(([offset, length], i) => {
    view.setBigUint64(i * entryBytes, offset, isLittle);
    view.setBigUint64(i * entryBytes + 8, length, isLittle);
  });
  const bytes = new Uint8Array(view.buffer);
  if (!hasChecksum) return bytes;
  const checksum = new DataView(new ArrayBuffer(4));
  checksum.setUint32(0, crc32c(bytes), true);
  return join(bytes, new Uint8Array(checksum.buffer));
}

/** `data`, and the index before or after it. Offsets are taken as they are. */
function shard(data: readonly number[], entries: readonly Entry[], index: Index = {}): Uint8Array {
  const encoded = encodeIndex(entries, index);
  return index.location === "start" ? join(encoded, data) : join(data, encoded);
}

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

  /** What each path says of inner chunk 1. Reading it alone and the whole shard, and rewriting the shard around it. */
  const paths: readonly (readonly [string, (array: ZarrArray<"uint8">) => unknown])[] = [
    ["whole read", (array) => array.getSync()],
    ["partial read", (array) => array.getSync([slice(2, 4)])],
    ["rewrite", (array) => array.setSync([slice(0, 2)], 7)],
    ["partial write", (array) => array.setSync([3], 7)],
  ];

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

    const faults: readonly (readonly [string, Entry])[] = [
      ["offset beyond the value", at(1000n, 2n)],
      ["end beyond the value", at(3n, 1000n)],
      ["offset + length wraps 2^64", [2n ** 64n - 2n, 4n]],
      ["length wraps 2^64", [base + 2n, 2n ** 64n - 2n]],
      ["offset of 2^53", [2n ** 53n, 2n]],
      ["offset beyond 2^53", [2n ** 53n + 2n, 2n]],
      ["offset of 2^63", [2n ** 63n, 2n]],
      ["length of 2^63", [base, 2n ** 63n]],
      ["length beyond 2^53", [base, 2n ** 53n + 2n]],
      ["length of 2^32 + 2", [base + 2n, 2n ** 32n + 2n]],
      ["offset of 2^32", [2n ** 32n, 2n]],
      ["half missing: offset", [2n ** 64n - 1n, 2n]],
      ["half missing: length", [base + 2n, 2n ** 64n - 1n]],
      ["missing marker shifted by the index", [2n ** 64n - 1n + BigInt(indexSize) - 2n ** 64n, 2n ** 64n - 1n]],
    ];

    describe.each(paths)("%s", (_, run) => {
      test.each(faults)("%s", (_, entry) => {
        const error = syncodecError(() => run(arrayOver(shardOf([1, 2, 3, 4], [at(0n, 2n), entry]), extra)));
        expect(error).toMatchObject({ name: "DataError", code: "INVALID_SHARD_INDEX", key: chunkKey, chunk: [1] });
        expect(error.message).toContain("inner chunk [1]");
        expect(error.message).toContain(`key ${chunkKey}`);
        expect(error.message).toMatch(
          new RegExp(
            `offset ${Number(entry[0])}, length ${Number(entry[1])}|${Number(entry[1])} bytes from ${Number(entry[0])}`,
          ),
        );
      });

      test("a range in the index", () => {
        const inside = location === "start" ? 0n : 4n;
        for (const offset of [inside, inside + 1n, inside + BigInt(indexSize) - 2n]) {
          const value = shardOf([1, 2, 3, 4], [at(0n, 2n), [offset, 2n]]);
          expect(syncodecError(() => run(arrayOver(value, extra)))).toMatchObject({
            code: "INVALID_SHARD_INDEX",
            reason: "Shard index entry reaches into the index",
            found: `offset ${offset}, length 2`,
            key: chunkKey,
            chunk: [1],
          });
        }
      });

      test("a shard shorter than its index", () => {
        const value = shardOf([1, 2, 3, 4], [at(0n, 2n), at(2n, 2n)]);
        for (const length of [0, 1, indexSize - 1]) {
          expect(syncodecError(() => run(arrayOver(value.subarray(0, length), extra)))).toMatchObject({
            code: "INVALID_SHARD_INDEX",
            reason: "Shard is shorter than its index",
            expected: `at least ${indexSize} bytes`,
            found: length,
            codec: "sharding_indexed",
            key: chunkKey,
          });
        }
      });

      test("an index with any bit flipped, and in the other byte order", () => {
        const entries = [at(0n, 2n), at(2n, 2n)];
        const value = shardOf([1, 2, 3, 4], entries);
        const first = location === "start" ? 0 : 4;
        for (let bit = first * 8; bit < (first + indexSize) * 8; bit++) {
          const error = syncodecError(() => run(arrayOver(flipped(value, bit), extra)));
          expect(error).toMatchObject({ code: "CHECKSUM_MISMATCH", codec: "crc32c", key: chunkKey });
        }
        const swapped = shard([1, 2, 3, 4], entries, { location, isLittle: false });
        expect(syncodecError(() => run(arrayOver(swapped, extra))).code).toBe("INVALID_SHARD_INDEX");
        const bare = shard([1, 2, 3, 4], entries, { location, hasChecksum: false });
        syncodecError(() => run(arrayOver(bare, extra)));
      });
    });

    describe.each([
      ["bytes", ["bytes"], [[], [1], [1, 2, 3]]],
      ["crc32c", ["bytes", "crc32c"], [[], [1, 2], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7]]],
      ["gzip", ["bytes", "gzip"], [[], [...gzipSync(Uint8Array.of(1))], [...gzipSync(Uint8Array.of(1, 2, 3))]]],
    ] as const)("an inner chunk in %s", (_, codecs, contents) => {
      test.each(contents.map((content) => [content.length, content] as const))(
        "of %i bytes that is not two elements",
        (_, content) => {
          const value = shardOf([...content], [missing, at(0n, BigInt(content.length))]);
          const array = arrayOver(value, { ...extra, codecs: codecs as readonly CodecOption[] });
          for (const run of [paths[0]!, paths[1]!, paths[3]!].map(([, body]) => body)) {
            const error = syncodecError(() => run(array));
            expect(error).toMatchObject({ name: "DataError", code: "CORRUPT_DATA", key: chunkKey, chunk: [1] });
            expect(error.codec).toMatch(/bytes|crc32c|gzip/);
          }
          // Neither a read of the other inner chunk nor a write of it looks at this one.
          expect(readFirst(array)).toEqual([99, 99]);
          array.setSync([slice(0, 2)], 5);
          expect(readFirst(array)).toEqual([5, 5]);
        },
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

  test.each([
    ["an inner shape that does not divide", [5], { chunk_shape: [2] }, "INVALID_METADATA"],
    ["an inner shape of 0", [4], { chunk_shape: [0] }, "INVALID_METADATA"],
    ["an inner shape larger than the shard", [4], { chunk_shape: [8] }, "INVALID_METADATA"],
    ["another rank", [4], { chunk_shape: [2, 2] }, "INVALID_METADATA"],
    ["too many inner chunks", [2 ** 32], { chunk_shape: [1] }, "UNSUPPORTED"],
    ["an index of 1 EiB", [2 ** 50], { chunk_shape: [1] }, "UNSUPPORTED"],
    ["a product over 2^53", [2 ** 27, 2 ** 27], { chunk_shape: [2 ** 27, 2 ** 27] }, "INVALID_METADATA"],
    ["an inner chunk over 2 GiB", [2 ** 40], { chunk_shape: [2 ** 40] }, "UNSUPPORTED"],
    ["gzip in index_codecs", [4], { index_codecs: ["bytes", "gzip"] }, "INVALID_METADATA"],
    ["zstd in index_codecs", [4], { index_codecs: ["bytes", "zstd", "crc32c"] }, "INVALID_METADATA"],
    ["an unknown codec inside", [4], { codecs: ["bytes", "lzma"] }, "UNKNOWN_CODEC"],
    ["a bytes-to-bytes codec first", [4], { codecs: ["crc32c", "bytes"] }, "INVALID_METADATA"],
    ["an index location in the middle", [4], { index_location: "middle" }, "INVALID_METADATA"],
  ])("%s is refused", (_, shape, configuration, code) => {
    expect(syncodecError(() => create(shape, configuration))).toMatchObject({ name: "MetadataError", code });
  });

  function nested(depth: number): CodecOption[] {
    let codecs: CodecOption[] = ["bytes"];
    for (let level = 0; level < depth; level++) {
      const configuration = { chunk_shape: [4], codecs, index_codecs: ["bytes", "crc32c"] };
      codecs = [{ name: "sharding_indexed", configuration }];
    }
    return codecs;
  }

  test("nesting 64 deep is refused, 8 deep works", () => {
    const deep = (depth: number) => createCodecPipeline({ shape: [4], dataType: "uint8", codecs: nested(depth) });
    expect(syncodecError(() => deep(64))).toMatchObject({ code: "UNSUPPORTED", expected: "at most 8 levels" });
    const data = Uint8Array.of(1, 2, 3, 4);
    const encoded = deep(8).encodeSync(data)!;
    expect(encoded.length).toBe(4 + 8 * 20);
    expect(deep(8).decodeSync(encoded).data).toEqual(data);
    for (let length = 0; length < encoded.length; length++)
      expect(syncodecErrorIfAny(() => deep(8).decodeSync(encoded.subarray(0, length)))).toBeDefined();
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
