import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChunkKeyEncoding, ChunkKeys, encodeChunkKey, parseChunkKey } from "../../src/grid/chunk_key.js";

const slashes: ChunkKeyEncoding = { name: "default", separator: "/" };
const dots: ChunkKeyEncoding = { name: "default", separator: "." };
const v2Dots: ChunkKeyEncoding = { name: "v2", separator: "." };
const v2Slashes: ChunkKeyEncoding = { name: "v2", separator: "/" };

test.each([
  [slashes, [], "c"],
  [slashes, [0], "c/0"],
  [slashes, [0, 1, 23], "c/0/1/23"],
  [dots, [], "c"],
  [dots, [0, 1], "c.0.1"],
  [v2Dots, [], "0"],
  [v2Dots, [7], "7"],
  [v2Dots, [0, 1], "0.1"],
  [v2Slashes, [], "0"],
  [v2Slashes, [0, 1], "0/1"],
])("%o writes %j as %s", (encoding, coordinates, key) => {
  expect(encodeChunkKey(encoding, coordinates)).toBe(key);
  expect(encodeChunkKey(encoding, Int32Array.from(coordinates))).toBe(key);
  expect(parseChunkKey(encoding, coordinates.length, key)).toEqual(coordinates);
});

test("any coordinates are read back, and only with their own rank", () => {
  const coordinates = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 32 });
  fc.assert(
    fc.property(fc.constantFrom(slashes, dots, v2Dots, v2Slashes), coordinates, (encoding, coordinates) => {
      const rank = coordinates.length;
      const key = encodeChunkKey(encoding, coordinates);
      expect(parseChunkKey(encoding, rank, key)).toEqual(coordinates);
      expect(parseChunkKey(encoding, rank + 1, key)).toBeUndefined();
      expect(rank > 1 ? parseChunkKey(encoding, rank - 1, key) : undefined).toBeUndefined();
    }),
  );
});

test("a key that is read is the key that is written", () => {
  const text = fc.string({ unit: fc.constantFrom("c", "0", "1", "9", "/", ".", "-", " "), maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(slashes, dots, v2Dots, v2Slashes), fc.nat(3), text, (encoding, rank, key) => {
      const coordinates = parseChunkKey(encoding, rank, key);
      if (coordinates !== undefined) expect(encodeChunkKey(encoding, coordinates)).toBe(key);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  [slashes, 0, ""],
  [slashes, 0, "0"],
  [slashes, 0, "c/"],
  [slashes, 1, "0"],
  [slashes, 1, "c"],
  [slashes, 1, "c/"],
  [slashes, 1, "c.0"],
  [slashes, 1, "/c/0"],
  [slashes, 1, "d/0"],
  [slashes, 1, "C/0"],
  [slashes, 2, "c/0/01"],
  [slashes, 2, "c/0/+1"],
  [slashes, 2, "c/0/-1"],
  [slashes, 2, "c/0/-0"],
  [slashes, 2, "c/0/1e1"],
  [slashes, 2, "c/0/1.0"],
  [slashes, 2, "c/0/ 1"],
  [slashes, 2, "c/0/1\n"],
  [slashes, 2, "c/0/١"],
  [slashes, 2, "c/0/0x1"],
  [slashes, 2, "c//1"],
  [slashes, 2, "c/0/1/"],
  [slashes, 1, "c/9007199254740992"],
  [slashes, 1, "c/zarr.json"],
  [v2Dots, 0, "c"],
  [v2Dots, 0, "00"],
  [v2Dots, 1, ""],
  [v2Dots, 2, "c.0.1"],
  [v2Dots, 2, "0/1"],
  [v2Dots, 2, "0.1.2"],
])("%o, rank %i: %j is no chunk key", (encoding, rank, key) => {
  expect(parseChunkKey(encoding, rank, key)).toBeUndefined();
});

test("keys by number are those of the coordinates, however often and in whatever order they are asked for", () => {
  const shape = [90, 70];
  const number = fc.nat({ max: shape[0]! * shape[1]! - 1 });
  fc.assert(
    fc.property(fc.constantFrom(slashes, v2Dots), fc.array(number), (encoding, numbers) => {
      const keys = new ChunkKeys("volumes/raw/", encoding);
      for (const each of [...numbers, ...numbers]) {
        const coordinates = [Math.floor(each / shape[1]!), each % shape[1]!];
        const key = `volumes/raw/${encodeChunkKey(encoding, coordinates)}`;
        expect(keys.of(each, coordinates)).toBe(key);
        expect(keys.at(coordinates)).toBe(key);
      }
    }),
  );
});
