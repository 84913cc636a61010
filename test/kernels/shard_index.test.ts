import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Entry, findBadEntry, packIndex, storeIndex } from "../reference/shard_index.js";
import { Arena, builds, skew } from "./arena.js";

const smallEntry: fc.Arbitrary<Entry> = fc.option(fc.tuple(fc.bigInt(0n, 80n), fc.bigInt(0n, 20n)), { nil: undefined });
const anyEntry: fc.Arbitrary<Entry> = fc.option(
  fc.tuple(fc.bigInt(0n, 2n ** 64n - 2n), fc.bigInt(0n, 2n ** 64n - 1n)),
  { nil: undefined },
);

describe.each(builds)("decodeShardIndex (%s)", (_name, kernels) => {
  const run = (src: Uint8Array, valueLength: number, indexOffset: number, indexLength: number, offset = 0) => {
    const arena = new Arena(kernels);
    const pointer = arena.input(src, offset);
    const dst = arena.output(src.length, 15 - offset);
    const result = kernels.decodeShardIndex(
      dst,
      src.length,
      pointer,
      src.length,
      valueLength,
      indexOffset,
      indexLength,
    );
    arena.check();
    return { result, pairs: [...new Float64Array(arena.read(dst, src.length).buffer)] };
  };

  /** `result` is that of the entry by itself: 1, or -1 for a bad one. Two entries go through v128 together. */
  const expectEntry = (
    entry: Entry,
    valueLength: number,
    indexOffset: number,
    indexLength: number,
    result: number,
  ): void => {
    const resultOf = (...entries: Entry[]) => run(storeIndex(entries), valueLength, indexOffset, indexLength).result;
    expect(resultOf(entry)).toBe(result);
    expect(resultOf(entry, undefined)).toBe(result);
    expect(resultOf(undefined, entry)).toBe(result === 1 ? 1 : -17);
    expect(resultOf(undefined, undefined, entry, entry)).toBe(result === 1 ? 2 : -33);
  };

  it("accepts and decodes exactly what the reference does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: smallEntry }, anyEntry), { maxLength: 12 }),
        fc.oneof(fc.integer({ min: 60, max: 110 }), fc.constant(Infinity)),
        fc.nat(100),
        fc.oneof(fc.constant(0), fc.nat(10)),
        skew,
        (entries, valueLength, indexOffset, indexLength, offset) => {
          const { result, pairs } = run(storeIndex(entries), valueLength, indexOffset, indexLength, offset);
          const bad = findBadEntry(entries, valueLength, { offset: indexOffset, length: indexLength });
          if (bad >= 0) {
            expect(result).toBe(-(1 + 16 * bad));
            return;
          }
          expect(result).toBe(entries.filter((entry) => entry !== undefined).length);
          expect(pairs).toEqual(entries.flatMap((entry) => entry?.map(Number) ?? [-1, 0]));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each<[string, Entry, number]>([
    ["half missing, offset", [2n ** 64n - 1n, 5n], -1],
    ["half missing, length", [5n, 2n ** 64n - 1n], -1],
    ["a sum that wraps", [2n ** 63n, 2n ** 63n], -1],
    ["a sum that wraps to a small number", [2n ** 64n - 8n, 16n], -1],
    ["an end of 2^53", [2n ** 53n - 1n, 1n], 1],
    ["an end above 2^53", [2n ** 53n, 1n], -1],
  ])("%s", (_case, entry, result) => {
    expectEntry(entry, Infinity, 0, 0, result);
  });

  it.each<[string, Entry, number, number, number, number]>([
    ["ends with the shard", [90n, 10n], 100, 0, 0, 1],
    ["ends beyond the shard", [90n, 11n], 100, 0, 0, -1],
    ["no bytes beyond the shard", [101n, 0n], 100, 0, 0, -1],
    ["ends where the index starts", [0n, 50n], 100, 50, 50, 1],
    ["ends in the index", [0n, 51n], 100, 50, 50, -1],
    ["starts where the index ends", [20n, 5n], 100, 0, 20, 1],
    ["starts in the index", [19n, 5n], 100, 0, 20, -1],
    ["no bytes in the index", [19n, 0n], 100, 0, 20, 1],
    ["the place of an index of no bytes", [40n, 20n], 100, 50, 0, 1],
  ])("a range that %s", (_case, entry, valueLength, indexOffset, indexLength, result) => {
    expectEntry(entry, valueLength, indexOffset, indexLength, result);
  });

  it("refuses an incomplete entry and a short dst, and writes nothing", () => {
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(64));
    const dst = arena.input(new Uint8Array(64).fill(1));
    expect(kernels.decodeShardIndex(dst, 64, src, 40, Infinity, 0, 0)).toBe(-33);
    expect(kernels.decodeShardIndex(dst, 63, src, 64, Infinity, 0, 0)).toBe(-49);
    arena.check();
  });

  it("works in place", () => {
    const arena = new Arena(kernels);
    const entries: Entry[] = [[3n, 4n], undefined, [7n, 1n]];
    const place = arena.output(storeIndex(entries));
    expect(kernels.decodeShardIndex(place, 48, place, 48, 8, 0, 0)).toBe(2);
    expect([...new Float64Array(arena.read(place, 48).buffer)]).toEqual([3, 4, -1, 0, 7, 1]);
    arena.check();
  });
});

describe.each(builds)("encodeShardIndex (%s)", (_name, kernels) => {
  const run = (lengths: readonly number[], order: readonly number[], base: number, dstLength = 16 * lengths.length) => {
    const arena = new Arena(kernels);
    const dst = arena.output(dstLength);
    const result = kernels.encodeShardIndex(
      dst,
      dstLength,
      arena.input(new Float64Array(lengths).buffer),
      arena.input(new Uint32Array(order).buffer),
      lengths.length,
      base,
    );
    arena.check();
    return { result, stored: arena.read(dst, dstLength) };
  };

  it("equals the reference, and decodes", () => {
    const shard = fc.array(fc.integer({ min: -10, max: 1000 }), { maxLength: 40 }).chain((lengths) =>
      fc.tuple(
        fc.constant(lengths),
        fc.shuffledSubarray(
          lengths.map((_, chunk) => chunk),
          { minLength: lengths.length },
        ),
        fc.oneof(fc.nat(5000), fc.constant(2 ** 40)),
      ),
    );
    fc.assert(
      fc.property(shard, ([lengths, order, base]) => {
        const [entries, end] = packIndex(lengths, order, base);
        const { result, stored } = run(lengths, order, base);
        expect(result).toBe(end);
        expect(stored).toEqual(storeIndex(entries));
        expect(findBadEntry(entries, end, { offset: 0, length: base })).toBe(-1);
      }),
    );
  });

  it.each<[string, number[], number[], number, number, number]>([
    ["an order that names no chunk", [1, 1], [0, 2], 0, 32, -2],
    ["a chunk named twice", [1, 1, 1], [0, 1, 1], 0, 48, -3],
    ["a missing chunk named twice", [-1, 1], [0, 0], 0, 32, -3],
    ["a short dst", [1, 1], [0, 1], 0, 31, -1],
    ["half a byte", [1.5], [0], 0, 16, -1],
    ["no number", [Number.NaN], [0], 0, 16, -1],
    ["an infinite length", [Infinity], [0], 0, 16, -1],
    ["an end above 2^53", [2 ** 53, 2], [0, 1], 0, 32, -1],
    ["a negative base", [1], [0], -1, 16, -1],
  ])("refuses %s", (_case, lengths, order, base, dstLength, result) => {
    expect(run(lengths, order, base, dstLength).result).toBe(result);
  });
});

describe.each(builds)("packedStart (%s)", (_name, kernels) => {
  const run = (entries: readonly Entry[], length: number, offset = 0) => {
    const arena = new Arena(kernels);
    const result = kernels.packedStart(arena.input(storeIndex(entries), offset), entries.length, length);
    arena.check();
    return result;
  };

  it("is the first offset just if every slot follows the one before it", () => {
    const cases = fc.record({
      start: fc.bigInt(0n, 2n ** 53n - 200n),
      length: fc.integer({ min: 1, max: 16 }),
      count: fc.integer({ min: 1, max: 10 }),
      change: fc.option(fc.tuple(fc.nat(9), smallEntry)),
      offset: skew,
    });
    fc.assert(
      fc.property(cases, ({ start, length, count, change, offset }) => {
        const packed = Array.from({ length: count }, (_, i): Entry => [start + BigInt(i * length), BigInt(length)]);
        const entries = change === null ? packed : packed.with(change[0] % count, change[1]);
        const first = entries[0]?.[0];
        const isPacked = entries.every(
          (entry, i) => entry !== undefined && entry[0] === first! + BigInt(i * length) && entry[1] === BigInt(length),
        );
        expect(run(entries, length, offset)).toBe(isPacked ? Number(first) : -1);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, Entry[], number]>([
    ["no slots", [], 1],
    ["no bytes", [[0n, 0n]], 0],
    ["a length that is no number", [[0n, 1n]], Number.NaN],
    ["a missing inner chunk", [undefined], 8],
    ["an end above 2^53", [[2n ** 53n, 1n]], 1],
  ])("%s is not packed", (_case, entries, length) => expect(run(entries, length)).toBe(-1));
});
