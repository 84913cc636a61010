/** Rows S1 to S7: shards whose index, layout or inner chunks cannot be. */

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type CodecOption,
  createArraySync,
  createCodecPipeline,
  init,
  MemoryStore,
  openArraySync,
  type SyncStore,
  slice,
} from "../../src/index.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { flipped, syncodecError, syncodecErrorIfAny } from "../codecs/support.js";
import { type Entry, entryBytes, type Location, missing, shard } from "../support/shard_bytes.js";
import { expectRefused, hostileKey, type Refusal, type RowOptions } from "./support.js";

beforeAll(() => init());

/** Four uint8 elements in two inner chunks. */
const indexSize = 2 * entryBytes + 4;

describe.each<Location>(["end", "start"])("index at the %s", (location) => {
  const base = location === "start" ? BigInt(indexSize) : 0n;
  const at = (offset: bigint, length: bigint): Entry => [base + offset, length];
  const options: RowOptions = { shardShape: [4], chunkShape: [2], indexLocation: location };
  const shardOf = (data: readonly number[], entries: readonly Entry[]) => shard(data, entries, { location });
  const good = [at(0n, 2n), at(2n, 2n)];

  test.each([0, 1, indexSize - 1])("S1: a shard of %i bytes, shorter than its index", async (length) => {
    await expectRefused(options, shardOf([1, 2, 3, 4], good).subarray(0, length), {
      code: "INVALID_SHARD_INDEX",
      details: {
        reason: "Shard is shorter than its index",
        expected: `at least ${indexSize} bytes`,
        found: length,
        codec: "sharding_indexed",
      },
    });
  });

  const faults: readonly (readonly [string, Entry])[] = [
    ["S2: an offset beyond the value", at(1000n, 2n)],
    ["S2: an end beyond the value", at(3n, 1000n)],
    ["S2: offset + length that wraps 2^64", [2n ** 64n - 2n, 4n]],
    ["S2: a length that wraps 2^64", [base + 2n, 2n ** 64n - 2n]],
    ["S2: an offset of 2^53", [2n ** 53n, 2n]],
    ["S2: an offset beyond 2^53", [2n ** 53n + 2n, 2n]],
    ["S2: an offset of 2^63", [2n ** 63n, 2n]],
    ["S2: a length of 2^63", [base, 2n ** 63n]],
    ["S2: a length beyond 2^53", [base, 2n ** 53n + 2n]],
    ["S2: a length of 2^32 + 2", [base + 2n, 2n ** 32n + 2n]],
    ["S2: an offset of 2^32", [2n ** 32n, 2n]],
    ["S4: half missing, the offset", [2n ** 64n - 1n, 2n]],
    ["S4: half missing, the length", [base + 2n, 2n ** 64n - 1n]],
    ["S4: a missing marker shifted by the index's size", [BigInt(indexSize) - 1n, 2n ** 64n - 1n]],
  ];

  test.each(faults)("%s", async (_, entry) => {
    const [offset, length] = entry.map(Number);
    await expectRefused(options, shardOf([1, 2, 3, 4], [at(0n, 2n), entry]), {
      code: "INVALID_SHARD_INDEX",
      details: {
        name: "DataError",
        chunk: [1],
        message: expect.stringMatching(`offset ${offset}, length ${length}|${length} bytes from ${offset}`),
      },
    });
  });

  test("S2: a length of 0", async () => {
    await expectRefused(options, shardOf([1, 2, 3, 4], [at(0n, 2n), at(2n, 0n)]), {
      code: "CORRUPT_DATA",
      details: { chunk: [1] },
      mayPass: ["write elsewhere"],
    });
  });

  test("S3: a range in the index", async () => {
    const inside = location === "start" ? 0n : 4n;
    for (const offset of [inside, inside + 1n, inside + BigInt(indexSize) - 2n]) {
      await expectRefused(options, shardOf([1, 2, 3, 4], [at(0n, 2n), [offset, 2n]]), {
        code: "INVALID_SHARD_INDEX",
        details: {
          reason: "Shard index entry reaches into the index",
          found: `offset ${offset}, length 2`,
          chunk: [1],
        },
      });
    }
  });

  test.each<[string, readonly Entry[], readonly number[]]>([
    ["overlapping", [at(0n, 2n), at(1n, 2n)], [1, 2, 2, 3]],
    ["identical", [at(1n, 2n), at(1n, 2n)], [2, 3, 2, 3]],
  ])("S3: %s ranges are read, and a write of one leaves the other", (_, entries, elements) => {
    for (const patch of [true, false]) {
      const store = new MemoryStore();
      createArraySync(store, { ...options, path: "a", shape: [4], chunkShape: [2], dataType: "uint8" });
      store.setSync(hostileKey, shardOf([1, 2, 3], entries));
      const array = openArraySync<"uint8">(store, { path: "a", patch });
      expect([...array.getSync().data]).toEqual(elements);
      array.setSync([slice(0, 2)], 7);
      expect([...array.getSync().data]).toEqual([7, 7, ...elements.slice(2)]);
    }
  });

  test("S3: a write does not set apart ranges that overlap a thousandfold", async () => {
    const count = 1000;
    const entries = Array<Entry>(count).fill([location === "start" ? BigInt(entryBytes * count + 4) : 0n, 2n ** 16n]);
    const value = shard(Array<number>(2 ** 16).fill(0), entries.with(0, missing), { location });
    for (const patch of [true, false]) {
      const store = new MemoryStore();
      const shapes = { shape: [2 * count], shardShape: [2 * count], chunkShape: [2] };
      const codecs = ["bytes", "gzip"];
      createArraySync(store, { ...shapes, path: "a", dataType: "uint8", codecs, indexLocation: location });
      store.setSync(hostileKey, value);
      const refused = {
        code: "INVALID_SHARD_INDEX",
        reason: "Shard index entries overlap too much to be set apart",
        key: hostileKey,
      };
      expect(syncodecError(() => openArraySync(store, { path: "a", patch }).setSync([1], 1))).toMatchObject(refused);
      const later = openArraySync(store, { path: "a", patch, pipeline: "batched" });
      await expect(later.set([1], 1)).rejects.toMatchObject(refused);
      expect(store.getSync(hostileKey)).toBe(value);
      expect(later.getSync([1])).toBe(0);
    }
  });

  test("S5: any bit of the index flipped", async () => {
    const value = shardOf([1, 2, 3, 4], good);
    const first = location === "start" ? 0 : 4;
    // Every bit in one way, a bit of every byte in all of them.
    const array = openOver(value);
    for (let bit = first * 8; bit < (first + indexSize) * 8; bit++) {
      array.store.setSync(hostileKey, flipped(value, bit));
      for (const call of [
        () => array.array.getSync(),
        () => array.array.getSync([3]),
        () => array.array.setSync([3], 7),
      ])
        expect(syncodecError(call)).toMatchObject({ code: "CHECKSUM_MISMATCH", codec: "crc32c", key: hostileKey });
    }
    for (let byte = first; byte < first + indexSize; byte += 5)
      await expectRefused(options, flipped(value, byte * 8 + (byte % 8)), {
        code: "CHECKSUM_MISMATCH",
        details: { codec: "crc32c" },
      });
  });

  test("S5: an index in the other byte order, and one without its checksum", async () => {
    const swapped = shard([1, 2, 3, 4], good, { location, isLittle: false });
    await expectRefused(options, swapped, { code: "INVALID_SHARD_INDEX" });
    const bare = shard([1, 2, 3, 4], good, { location, hasChecksum: false });
    await expectRefused(options, bare, { code: ["CHECKSUM_MISMATCH", "INVALID_SHARD_INDEX"] });
    const little = { ...options, indexCodecs: [{ name: "bytes", configuration: { endian: "big" } }] };
    await expectRefused(little, bare, { code: "INVALID_SHARD_INDEX" });
  });

  describe.each([
    ["bytes", ["bytes"], [[], [1], [1, 2, 3]]],
    ["crc32c", ["bytes", "crc32c"], [[], [1, 2], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7]]],
    ["gzip", ["bytes", "gzip"], [[], [...gzipSync(Uint8Array.of(1))], [...gzipSync(Uint8Array.of(1, 2, 3))]]],
  ] as const)("S7: an inner chunk in %s", (_, codecs, contents) => {
    test.each(contents.map((content) => [content.length, content] as const))(
      "of %i bytes that is not two elements",
      async (_, content) => {
        const refusal: Refusal = {
          code: "CORRUPT_DATA",
          details: { chunk: [1], codec: expect.stringMatching(/bytes|crc32c|gzip/) },
          // Neither a read of the other inner chunk nor a write of it looks at this one.
          mayPass: ["write elsewhere"],
        };
        const value = shardOf([...content], [missing, at(0n, BigInt(content.length))]);
        await expectRefused({ ...options, codecs: codecs as readonly CodecOption[] }, value, refusal);
      },
    );
  });

  test("S7: a length that no inner chunk has is refused before as much is read", () => {
    for (const codecs of [["bytes"], ["bytes", "crc32c"]]) {
      const value = shardOf([1, 2, 3, 4], [missing, at(0n, 2n ** 31n)]);
      const below = new MemoryStore();
      createArraySync(below, { ...options, path: "a", shape: [4], chunkShape: [2], dataType: "uint8", codecs });
      below.setSync(hostileKey, value);
      // A store that cannot tell how long a value is.
      const store: SyncStore = {
        getSync: (key, range) => below.getSync(key, range),
        setSync: (key, value) => below.setSync(key, value),
        deleteSync: (key) => below.deleteSync(key),
        readIntoSync(key, range, target) {
          const bytes = below.getSync(key, range);
          if (bytes !== undefined) target.set(bytes);
          return bytes?.byteLength;
        },
      };
      const { byteLength } = currentMemory().bytes;
      const error = syncodecError(() => openArraySync(store, { path: "a" }).getSync([3]));
      expect(error).toMatchObject({ code: "CORRUPT_DATA", chunk: [1], key: hostileKey, found: "2147483648 bytes" });
      expect(currentMemory().bytes.byteLength).toBe(byteLength);
    }
  });

  function openOver(value: Uint8Array) {
    const store = new MemoryStore();
    createArraySync(store, { ...options, path: "a", shape: [4], chunkShape: [2], dataType: "uint8" });
    store.setSync(hostileKey, value);
    return { store, array: openArraySync<"uint8">(store, { path: "a" }) };
  }
});

describe("S6", () => {
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

  test("nesting 64 deep is refused, 8 deep works", () => {
    const nested = (depth: number): CodecOption[] => {
      if (depth === 0) return ["bytes"];
      const configuration = { chunk_shape: [4], codecs: nested(depth - 1), index_codecs: ["bytes", "crc32c"] };
      return [{ name: "sharding_indexed", configuration }];
    };
    const deep = (depth: number) => createCodecPipeline({ shape: [4], dataType: "uint8", codecs: nested(depth) });
    expect(syncodecError(() => deep(64))).toMatchObject({ code: "UNSUPPORTED", expected: "at most 8 levels" });
    const data = Uint8Array.of(1, 2, 3, 4);
    const encoded = deep(8).encodeSync(data)!;
    expect(encoded.length).toBe(4 + 8 * 20);
    expect(deep(8).decodeSync(encoded).data).toEqual(data);
    for (let length = 0; length < encoded.length; length++)
      expect(syncodecErrorIfAny(() => deep(8).decodeSync(encoded.subarray(0, length)))).toBeDefined();
  });
});
