/** Axes of chunks against the plainest form, and what no plain form can hold. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkGrid, type ChunkLengths, chunkAxis } from "../../src/grid/chunk_grid.js";
import { chunkAt, countOf, lengthOf, plainAxis, startOf } from "../support/plain_axis.js";

const length = fc.integer({ min: 1, max: 6 });
const run = fc.tuple(length, fc.integer({ min: 1, max: 5 }));
const listed: fc.Arbitrary<ChunkLengths> = fc.array(fc.oneof(length, run), { minLength: 1, maxLength: 6 });

test("listed chunks lie where a list of every chunk says", () => {
  fc.assert(
    fc.property(listed, (lengths) => {
      const axis = chunkAxis(lengths);
      const plain = plainAxis(lengths);
      if (typeof plain === "number") return expect.fail("a list became one length");
      const end = plain.reduce((sum, each) => sum + each, 0);
      expect(axis.end).toBe(end);
      expect(axis.distinctLengths).toEqual([...new Set(plain)]);
      for (let chunk = 0; chunk < plain.length; chunk++) {
        expect([axis.startOf(chunk), axis.lengthOf(chunk)]).toEqual([startOf(plain, chunk), lengthOf(plain, chunk)]);
      }
      expect(axis.startOf(plain.length)).toBe(end);
      for (let index = 0; index < end; index++) expect(axis.chunkAt(index)).toBe(chunkAt(plain, index));
      for (let count = 0; count <= end; count++) expect(axis.countOf(count)).toBe(countOf(plain, count));
      expect(plainAxis(axis.lengths)).toEqual(plain);
      expect(chunkAxis(axis.lengths).lengths).toEqual(axis.lengths);
    }),
  );
});

test("equal chunks have no end", () => {
  fc.assert(
    fc.property(length, fc.nat(1000), (lengths, index) => {
      const axis = chunkAxis(lengths);
      expect([axis.lengths, axis.distinctLengths, axis.end]).toEqual([lengths, [lengths], Number.POSITIVE_INFINITY]);
      expect(axis.chunkAt(index)).toBe(chunkAt(lengths, index));
      expect([axis.startOf(index), axis.lengthOf(index)]).toEqual([index * lengths, lengths]);
      expect(axis.countOf(index)).toBe(countOf(lengths, index));
    }),
  );
});

test("neighbours of one length are one run", () => {
  expect(chunkAxis([2, 2, [2, 3], 1, [4, 1], [1, 2], 1]).lengths).toEqual([[2, 5], 1, 4, [1, 3]]);
});

describe("runs that nobody can expand", () => {
  const most = Number.MAX_SAFE_INTEGER;

  test("a run up to 2^53 - 1", () => {
    const axis = chunkAxis([[1, most]]);
    expect([axis.end, axis.countOf(most), axis.chunkAt(most - 1)]).toEqual([most, most, most - 1]);
    expect([axis.startOf(most - 1), axis.startOf(most), axis.lengthOf(most - 1)]).toEqual([most - 1, most, 1]);
  });

  test("between other runs", () => {
    const axis = chunkAxis([7, [3, 2 ** 50], [5, 2], 9]);
    const end = 7 + 3 * 2 ** 50;
    expect(axis.end).toBe(end + 19);
    const indices = [6, 7, 9, 10, end - 1, end, end + 4, end + 5, end + 18];
    const chunks = [0, 1, 1, 2, 2 ** 50, 2 ** 50 + 1, 2 ** 50 + 1, 2 ** 50 + 2, 2 ** 50 + 3];
    expect(indices.map((index) => axis.chunkAt(index))).toEqual(chunks);
    expect([2 ** 50, 2 ** 50 + 1, 2 ** 50 + 3].map((chunk) => axis.startOf(chunk))).toEqual([end - 3, end, end + 10]);
    expect([0, 1, 2 ** 50, 2 ** 50 + 1, 2 ** 50 + 3].map((chunk) => axis.lengthOf(chunk))).toEqual([7, 3, 3, 5, 9]);
  });
});

describe("a grid", () => {
  test("has a shape if all chunks have it", () => {
    expect(new ChunkGrid([4, [[3, 2]], [5]])).toMatchObject({ chunkShape: [4, 3, 5], largestShape: [4, 3, 5] });
    expect(new ChunkGrid([4, [1, 3, 2]])).toMatchObject({ chunkShape: undefined, largestShape: [4, 3] });
    expect(new ChunkGrid([])).toMatchObject({ chunkShape: [], largestShape: [] });
  });

  test("counts the chunks of an array", () => {
    const grid = new ChunkGrid([4, [1, [3, 2]]]);
    expect(grid.countsOf([9, 4])).toEqual([3, 2]);
    expect(grid.countsOf([0, 7])).toEqual([0, 3]);
    expect(new ChunkGrid([]).countsOf([])).toEqual([]);
  });
});
