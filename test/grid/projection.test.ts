/** Selections split at chunk borders, against a list of every selected element. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChunkLengths, chunkAxis } from "../../src/grid/chunk_grid.js";
import { chunkExtent, projectAxis, projectPoints, selectAll } from "../../src/grid/projection.js";
import { lengthOf, plainAxis, startOf } from "../support/plain_axis.js";

test("a range is split at chunk borders, each chunk once, in order", () => {
  const range = fc.record({
    start: fc.nat(30),
    step: fc.integer({ min: 1, max: 12 }),
    count: fc.nat(12),
    lengths: fc.oneof(
      fc.integer({ min: 1, max: 9 }),
      fc
        .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 })), { maxLength: 6 })
        .map((runs): ChunkLengths => [...runs, [5, 2 ** 40]]),
    ),
  });
  fc.assert(
    fc.property(range, ({ start, step, count, lengths }) => {
      const plain = plainAxis(lengths);
      const projections = projectAxis({ start, step, count }, chunkAxis(lengths));
      const taken = projections.flatMap((selection) => {
        const { chunk, origin, first } = selection;
        if ("indices" in selection) return expect.fail("a range became picks");
        expect(origin).toBe(startOf(plain, chunk));
        expect(selection.count).toBeGreaterThan(0);
        expect(selection.step).toBe(step);
        return Array.from({ length: selection.count }, (_, i) => {
          const inChunk = selection.start + i * step;
          expect(inChunk >= 0 && inChunk < lengthOf(plain, chunk)).toBe(true);
          return [first + i, origin + inChunk];
        });
      });
      expect(taken).toEqual(Array.from({ length: count }, (_, i) => [i, start + i * step]));
      const chunks = projections.map(({ chunk }) => chunk);
      expect(chunks).toEqual([...new Set(chunks)].sort((a, b) => a - b));
    }),
  );
});

test("picks are grouped by chunk, chunks ascending, picks of one chunk in their order", () => {
  const picks = [11, 0, 5, 1, 11, 4];
  const places = [0, 1, 2, 3, 4, 5];
  const selection = { indices: Int32Array.from(picks), places: Int32Array.from(places), count: picks.length };
  const projections = projectAxis(selection, chunkAxis([[4, 2], 1, 9])).map((selection) => {
    const { chunk, origin, first } = selection;
    if (!("indices" in selection)) return expect.fail("picks became a range");
    return {
      chunk,
      origin,
      first,
      indices: [...selection.indices],
      places: [...selection.places],
      count: selection.count,
    };
  });
  expect(projections).toEqual([
    { chunk: 0, origin: 0, first: 0, indices: [0, 1], places: [1, 3], count: 2 },
    { chunk: 1, origin: 4, first: 0, indices: [1, 0], places: [2, 5], count: 2 },
    { chunk: 3, origin: 9, first: 0, indices: [2, 2], places: [0, 4], count: 2 },
  ]);
});

test("points are grouped by chunk, numbered in C order", () => {
  const coordinates = [Int32Array.of(5, 0, 5, 3), Int32Array.of(6, 1, 4, 0)];
  const places = Int32Array.of(0, 1, 2, 3);
  const axes = [chunkAxis(2), chunkAxis([4, 3])];
  const projections = projectPoints({ coordinates, places }, axes, [3, 2]).map(({ selection, ...rest }) => ({
    ...rest,
    at: selection.coordinates.map((axis) => [...axis]),
    places: [...selection.places],
  }));
  expect(projections).toEqual([
    { number: 0, coordinates: [0, 0], origin: [0, 0], at: [[0], [1]], places: [1] },
    { number: 2, coordinates: [1, 0], origin: [2, 0], at: [[1], [0]], places: [3] },
    {
      number: 5,
      coordinates: [2, 1],
      origin: [4, 4],
      at: [
        [1, 1],
        [2, 0],
      ],
      places: [0, 2],
    },
  ]);
});

test("the extent of a chunk ends with the array; that of an inner chunk is the chunk's shape itself", () => {
  const chunkShape = [4, 3];
  expect(chunkExtent([0, 0], chunkShape, [8, 7])).toBe(chunkShape);
  expect(chunkExtent([4, 3], chunkShape, [8, 6])).toBe(chunkShape);
  expect(chunkExtent([4, 6], chunkShape, [8, 7])).toEqual([4, 1]);
  expect(chunkExtent([4, 0], chunkShape, [5, 7])).toEqual([1, 3]);
});

test("selectAll takes every element once", () => {
  expect(selectAll([3, 1])).toEqual([
    { start: 0, step: 1, count: 3 },
    { start: 0, step: 1, count: 1 },
  ]);
});
