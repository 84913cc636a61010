/** Shards of small compressed inner chunks: what is collected in runs equals what is decoded one by one. */

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createArraySync, init, MemoryStore, slice } from "../../src/index.js";
import { join } from "../support/bytes.js";
import { type Entry, missing, shard } from "../support/shard_bytes.js";

beforeAll(() => init(["zstd"]));

const chunkLength = 40;
const fillValue = 9;

/** Inner chunk `number` of a made-up array. */
function content(number: number): Uint8Array {
  return Uint8Array.from({ length: chunkLength }, (_, i) => (number * 31 + i * i) & 0x3f);
}

/** An array of one shard with these encoded inner chunks. */
function arrayOf(slots: readonly (Uint8Array | undefined)[]) {
  let offset = 0n;
  const entries = slots.map((slot): Entry => {
    if (slot === undefined) return missing;
    offset += BigInt(slot.length);
    return [offset - BigInt(slot.length), BigInt(slot.length)];
  });
  const store = new MemoryStore();
  const array = createArraySync(store, {
    shape: [slots.length * chunkLength],
    dataType: "uint8",
    fillValue,
    chunkShape: [chunkLength],
    shardShape: [slots.length * chunkLength],
    compressors: ["gzip"],
    maxWorkers: 1,
  });
  store.setSync("/c/0", shard([...join(...slots.filter((slot) => slot !== undefined))], entries));
  return array;
}

/** A member with a name. */
function named(bytes: Uint8Array): Uint8Array {
  const plain = gzipSync(bytes);
  return join(plain.subarray(0, 3), [8], plain.subarray(4, 10), [65, 0], plain.subarray(10));
}

/** A member that declares another length, or has another checksum. */
function changed(bytes: Uint8Array, fromEnd: number): Uint8Array {
  const copy = Uint8Array.from(gzipSync(bytes));
  copy[copy.length - fromEnd]! ^= 1;
  return copy;
}

const ways: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>> = {
  plain: (bytes) => Uint8Array.from(gzipSync(bytes)),
  stored: (bytes) => Uint8Array.from(gzipSync(bytes, { level: 0 })),
  named,
  "two members": (bytes) => join(gzipSync(bytes.subarray(0, 7)), gzipSync(bytes.subarray(7))),
  missing: () => undefined,
};

test("every way to encode a chunk, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.keys(ways)), { minLength: 1, maxLength: 30 }), (names) => {
      const slots = names.map((name, number) => ways[name]!(content(number)));
      const chunks = slots.map((slot, number) =>
        slot === undefined ? new Uint8Array(chunkLength).fill(fillValue) : content(number),
      );
      expect(arrayOf(slots).getSync(null).data).toEqual(join(...chunks));
    }),
  );
});

describe.each([
  ["cut short", (bytes: Uint8Array) => Uint8Array.from(gzipSync(bytes)).subarray(0, -1)],
  ["too short", (bytes: Uint8Array) => Uint8Array.from(gzipSync(bytes.subarray(1)))],
  ["too long", (bytes: Uint8Array) => Uint8Array.from(gzipSync(join(bytes, [1])))],
  ["of another length than declared", (bytes: Uint8Array) => changed(bytes, 4)],
  ["not matching its checksum", (bytes: Uint8Array) => changed(bytes, 8)],
  ["followed by other bytes", (bytes: Uint8Array) => join(gzipSync(bytes), [1])],
  ["of another format", (bytes: Uint8Array) => join([1], Uint8Array.from(gzipSync(bytes)).subarray(1))],
  ["empty", () => new Uint8Array(0)],
])("a chunk that is %s", (_, encode) => {
  test("is an error that names it", () => {
    const slots = Array.from({ length: 9 }, (_, number) =>
      number === 5 ? encode(content(number)) : Uint8Array.from(gzipSync(content(number))),
    );
    const array = arrayOf(slots);
    expect(() => array.getSync(null)).toThrow(expect.objectContaining({ code: "CORRUPT_DATA", chunk: [5] }));
    // The next reading is not the worse for it.
    slots[5] = ways.plain!(content(5))!;
    const expected = join(...slots.map((_, number) => content(number)));
    expect(arrayOf(slots).getSync(null).data).toEqual(expected);
  });
});

test.each(["gzip", "zstd", "zlib"])("%s: selections of ragged shards in two dimensions", (compressor) => {
  const shape = [23, 50] as const;
  const data = Uint16Array.from({ length: 23 * 50 }, (_, i) => (i * i) >> 3);
  const array = createArraySync(new MemoryStore(), {
    shape,
    dataType: "uint16",
    chunkShape: [1, 10],
    shardShape: [12, 30],
    compressors: [compressor],
    maxWorkers: 1,
  });
  array.setSync(null, data);
  expect(array.getSync(null).data).toEqual(data);
  const range = fc.tuple(fc.nat(22), fc.nat(22), fc.nat(49), fc.nat(49), fc.integer({ min: 1, max: 3 }));
  fc.assert(
    fc.property(range, ([a, b, c, d, step]) => {
      const [top, bottom, left, right] = [Math.min(a, b), Math.max(a, b) + 1, Math.min(c, d), Math.max(c, d) + 1];
      const expected: number[] = [];
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x += step) expected.push(data[y * 50 + x]!);
      const found = array.getSync([slice(top, bottom), slice(left, right, step)]);
      expect(found).toMatchObject({ data: Uint16Array.from(expected) });
    }),
  );
});
