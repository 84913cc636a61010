/** Coalescing: which reads share a store request, and that each still gets its own bytes. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newRead } from "../../src/pipeline/chunk_read.js";
import { distribute, type Fetch, needsSize, planFetches } from "../../src/pipeline/fetches.js";
import type { Read } from "../../src/pipeline/plan.js";
import { sliceRange } from "../../src/stores/range.js";
import type { ByteRange } from "../../src/stores/store.js";

const far = { maxGapBytes: 100, maxBytes: 1000 };

/** `key offset+length`, `key -suffix` or `key`, and how many reads each request serves. */
function summaryOf(fetches: readonly Fetch[]): string[] {
  return fetches.map(({ key, range, reads }) => {
    if (range === undefined) return `${key} ×${reads.length}`;
    const part = "suffixLength" in range ? `-${range.suffixLength}` : `${range.offset}+${range.length}`;
    return `${key} ${part} ×${reads.length}`;
  });
}

const readsOf = (...ranges: readonly (readonly [offset: number, length: number])[]): Read[] =>
  ranges.map(([offset, length]) => newRead("k", { offset, length }));

describe("ranges of one key", () => {
  test.each([
    ["in any order, with a gap", readsOf([20, 5], [0, 10]), ["k 0+25 ×2"]],
    ["one inside another", readsOf([0, 30], [5, 5], [28, 4]), ["k 0+32 ×3"]],
    ["the same one twice", readsOf([4, 4], [4, 4]), ["k 4+4 ×2"]],
    ["of no bytes", readsOf([4, 0], [9, 0]), ["k 4+5 ×2"]],
  ])("%s are joined", (_, reads, expected) => {
    expect(summaryOf(planFetches(reads, true, far))).toEqual(expected);
  });

  test("are joined over a gap of exactly maxGapBytes", () => {
    const reads = readsOf([0, 10], [14, 2]);
    expect(summaryOf(planFetches(reads, true, { maxGapBytes: 4, maxBytes: 100 }))).toEqual(["k 0+16 ×2"]);
    expect(summaryOf(planFetches(reads, true, { maxGapBytes: 3, maxBytes: 100 }))).toEqual(["k 0+10 ×1", "k 14+2 ×1"]);
  });

  test("the gap is measured from the farthest end, not from the last range", () => {
    const reads = readsOf([0, 50], [10, 2], [52, 3]);
    expect(summaryOf(planFetches(reads, true, { maxGapBytes: 2, maxBytes: 100 }))).toEqual(["k 0+55 ×3"]);
  });

  test("are joined to exactly maxBytes, measured from the first", () => {
    const reads = readsOf([100, 10], [110, 10], [120, 10]);
    expect(summaryOf(planFetches(reads, true, { maxGapBytes: 0, maxBytes: 20 }))).toEqual([
      "k 100+20 ×2",
      "k 120+10 ×1",
    ]);
    expect(summaryOf(planFetches(reads, true, { maxGapBytes: 0, maxBytes: 19 }))).toEqual([
      "k 100+10 ×1",
      "k 110+10 ×1",
      "k 120+10 ×1",
    ]);
    expect(summaryOf(planFetches(readsOf([0, 64]), true, { maxGapBytes: 0, maxBytes: 1 }))).toEqual(["k 0+64 ×1"]);
  });
});

test("whole values and suffixes are never joined, keys are kept apart", () => {
  const reads = [
    newRead("b", { offset: 0, length: 4 }),
    newRead("a", undefined),
    newRead("a", undefined),
    newRead("a", { suffixLength: 4 }),
    newRead("a", { offset: 0, length: 4 }),
    newRead("b", { offset: 4, length: 4 }),
  ];
  expect(summaryOf(planFetches(reads, true, far))).toEqual(["a ×1", "a ×1", "a -4 ×1", "b 0+8 ×2", "a 0+4 ×1"]);
});

test("a store without ranges is asked once per key for all ranges of it", () => {
  const reads = [
    newRead("a", { offset: 2, length: 3 }),
    newRead("b", { offset: 0, length: 1 }),
    newRead("a", { suffixLength: 2 }),
    newRead("a", undefined),
  ];
  const fetches = planFetches(reads, false, far);
  expect(summaryOf(fetches)).toEqual(["a ×2", "b ×1", "a ×1"]);
  const value = Uint8Array.of(0, 1, 2, 3, 4, 5, 6);
  for (const fetch of fetches) distribute(fetch, value);
  expect(reads.map((read) => [...(read.value ?? [])])).toEqual([[2, 3, 4], [0], [5, 6], [...value]]);
  expect(reads.map(({ byteLength }) => byteLength)).toEqual([7, 7, 7, 7]);
});

const range: fc.Arbitrary<ByteRange | undefined> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ offset: fc.nat(60), length: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ suffixLength: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

test("every read gets what it asked for, from requests that no rule lets be joined further", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("a", "b"), range), { maxLength: 12 }),
      fc.record({ maxGapBytes: fc.nat(8), maxBytes: fc.integer({ min: 1, max: 70 }) }),
      fc.boolean(),
      fc.integer({ min: 0, max: 90 }),
      (asked, coalesce, hasRanges, length) => {
        const values = { a: new Uint8Array(length).map((_, i) => i), b: new Uint8Array(length).map((_, i) => ~i) };
        const reads = asked.map(([key, range]) => newRead(key, range));
        const fetches = planFetches(reads, hasRanges, coalesce);
        expect(fetches.flatMap((fetch) => fetch.reads)).toHaveLength(reads.length);
        for (const fetch of fetches) {
          expect(hasRanges || fetch.range === undefined).toBe(true);
          distribute(fetch, sliceRange(values[fetch.key as "a"], fetch.range));
        }
        reads.forEach(({ key, range, value }) => {
          expect(value).toEqual(sliceRange(values[key as "a"], range));
        });
        const ends = new Map<string, { offset: number; end: number }>();
        for (const { key, range, reads } of fetches) {
          if (range === undefined || "suffixLength" in range) continue;
          expect(reads.length === 1 || range.length <= coalesce.maxBytes).toBe(true);
          const last = ends.get(key);
          const end = range.offset + range.length;
          if (last !== undefined) {
            const first = reads[0]!.range as { offset: number; length: number };
            const joined = Math.max(last.end, first.offset + first.length) - last.offset;
            expect(range.offset - last.end > coalesce.maxGapBytes || joined > coalesce.maxBytes).toBe(true);
          }
          ends.set(key, { offset: range.offset, end });
        }
      },
    ),
  );
});

describe("a value that is missing, or whose length is wanted", () => {
  test("a missing value leaves no bytes and no length", () => {
    const [read] = readsOf([0, 4]);
    const [fetch] = planFetches([read!], false, far);
    read!.value = new Uint8Array(4);
    distribute(fetch!, undefined);
    expect(read).toMatchObject({ value: undefined, byteLength: undefined });
    expect(needsSize(fetch!)).toBe(false);
  });

  test("only a read that wants the length, found its bytes and was not told asks for it", () => {
    const wanting = newRead("k", { suffixLength: 4 }, undefined, true);
    const other = newRead("k", { suffixLength: 4 });
    const fetch: Fetch = { key: "k", range: wanting.range, reads: [other, wanting] };
    expect(needsSize(fetch), "nothing found").toBe(false);
    distribute(fetch, new Uint8Array(4));
    expect(wanting.byteLength, "a range does not tell the length of the value").toBeUndefined();
    expect(needsSize(fetch)).toBe(true);
    expect(needsSize({ ...fetch, reads: [other] }), "not wanted").toBe(false);
    wanting.byteLength = 4;
    expect(needsSize(fetch), "known").toBe(false);
  });
});
