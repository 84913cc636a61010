/** Boxes: copies of any strides, picks, item size and alignment, against one copy per element. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AxisCopy,
  fillBox,
  fillElements,
  gatherBox,
  isOneRun,
  prepareBox,
  scatterBox,
  stridedBox,
} from "../../src/pipeline/box.js";
import { generator } from "../support/arbitraries.js";
import { hex } from "../support/reference_array.js";

/** Offsets of every element on both sides, slowest axis first: picked axes go before the strided ones. */
function offsetsOf(axes: readonly AxisCopy[]): [outer: number, chunk: number][] {
  const ordered = [...axes.filter((axis) => "distinct" in axis), ...axes.filter((axis) => !("distinct" in axis))];
  return ordered.reduce<[number, number][]>(
    (all, axis) =>
      all.flatMap(([outer, chunk]) =>
        Array.from({ length: axis.count }, (_, i): [number, number] =>
          "distinct" in axis
            ? [outer + axis.outerOffsets[i]!, chunk + axis.chunkOffsets[i]!]
            : [outer + i * axis.outerStride, chunk + i * axis.chunkStride],
        ),
      ),
    [[0, 0]],
  );
}

/** One element per pick; only what is picked of the chunk may come twice. */
function pickedAxis(count: number, outerStride: number, chunkStride: number, random: () => number): AxisCopy {
  const places = Float64Array.from({ length: count }, (_, i) => (count - 1 - i) * outerStride);
  const indices = Array.from({ length: count }, () => random() % Math.max(1, count));
  return {
    count,
    distinct: new Set(indices).size,
    outerOffsets: places,
    chunkOffsets: Float64Array.from(indices, (index) => index * chunkStride),
  };
}

const sample = fc
  .record({
    counts: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    lastCount: fc.constantFrom(1, 2, 7, 24, 49, 50),
    itemSize: fc.constantFrom(1, 2, 4, 8, 16, 3, 12, 52, 1000),
    gaps: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 10, maxLength: 10 }),
    picks: fc.array(fc.nat(5), { minLength: 5, maxLength: 5 }),
    leads: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)),
    seed: fc.nat(),
  })
  .map(({ counts, lastCount, itemSize, gaps, picks, leads, seed }) => {
    const random = generator(seed);
    const shape = [...counts, lastCount];
    const axes = new Array<AxisCopy>(shape.length);
    let [outer, chunk] = [itemSize, itemSize];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const count = shape[axis]!;
      outer += gaps[2 * axis]! * (axis % 2 === 0 ? itemSize : 1);
      chunk += gaps[2 * axis + 1]! * itemSize;
      axes[axis] =
        picks[axis] === 0 ? pickedAxis(count, outer, chunk, random) : { count, outerStride: outer, chunkStride: chunk };
      outer *= Math.max(1, count);
      chunk *= Math.max(1, count);
    }
    return { axes, itemSize, leads, outerBytes: outer + itemSize, chunkBytes: chunk + itemSize, random };
  });

/** Random bytes with `lead` bytes before them, so that the view has any alignment. */
function bytesAt(lead: number, byteLength: number, random: () => number): Uint8Array {
  const bytes = new Uint8Array(lead + byteLength).map(random);
  return bytes.subarray(lead);
}

describe("copies equal one copy per element", () => {
  test("from the chunk, into the chunk, and of one value", () => {
    fc.assert(
      fc.property(sample, ({ axes, itemSize, leads, outerBytes, chunkBytes, random }) => {
        const [outerLead, chunkLead, outerOffset, chunkOffset] = leads;
        const outer = bytesAt(outerLead, outerOffset + outerBytes, random);
        const chunk = bytesAt(chunkLead, chunkOffset + chunkBytes, random);
        const value = bytesAt(outerLead, itemSize, random);
        const box = prepareBox(axes, itemSize);
        const offsets = offsetsOf(axes);
        expect(box.isEmpty).toBe(offsets.length === 0);
        expect(box.distinct).toBe(new Set(offsets.map(([, chunk]) => chunk)).size);

        const [scattered, filled, gathered] = [outer.slice(), outer.slice(), chunk.slice()];
        for (const [o, c] of offsets) {
          scattered.set(chunk.subarray(chunkOffset + c, chunkOffset + c + itemSize), outerOffset + o);
          filled.set(value, outerOffset + o);
          gathered.set(outer.subarray(outerOffset + o, outerOffset + o + itemSize), chunkOffset + c);
        }
        const [a, b, c] = [outer.slice(), outer.slice(), chunk.slice()];
        scatterBox(box, a, outerOffset, chunk, chunkOffset);
        fillBox(box, b, outerOffset, value);
        gatherBox(box, c, chunkOffset, outer, outerOffset);
        expect(hex(a), "scatter").toBe(hex(scattered));
        expect(hex(b), "fill").toBe(hex(filled));
        expect(hex(c), "gather").toBe(hex(gathered));

        // At the view's own alignment, which slices lose.
        scatterBox(box, outer, outerOffset, chunk, chunkOffset);
        expect(hex(outer), "scatter into a view").toBe(hex(scattered));
        fillBox(box, outer, outerOffset, value);
        for (const [o] of offsets) scattered.set(value, outerOffset + o);
        expect(hex(outer), "fill of a view").toBe(hex(scattered));
      }),
      { numRuns: 300 },
    );
  });
});

describe("prepared boxes", () => {
  const axis = (count: number, outerStride: number, chunkStride: number): AxisCopy => ({
    count,
    outerStride,
    chunkStride,
  });

  test.each([
    ["contiguous axes become one run", [axis(3, 40, 40), axis(5, 8, 8)], [15], 120],
    ["a gap in the outer array keeps them apart", [axis(3, 48, 40), axis(5, 8, 8)], [3, 5], 40],
    ["a gap in the chunk keeps them apart", [axis(3, 40, 48), axis(5, 8, 8)], [3, 5], 40],
    ["axes of length 1 vanish", [axis(1, 1000, 1), axis(5, 8, 8), axis(1, 3, 77)], [5], 40],
    ["strided axes merge without being a run", [axis(3, 80, 40), axis(5, 16, 8)], [15], 0],
    ["steps in the chunk are no run", [axis(5, 8, 16)], [5], 0],
    ["a single element is a run", [axis(1, 8, 8)], [], 8],
    ["no axis is a single element", [], [], 8],
  ])("%s", (_, axes, shape, runBytes) => {
    const box = prepareBox(axes, 8);
    expect([box.shape, box.runBytes]).toEqual([shape, runBytes]);
  });

  test("three axes merge through", () => {
    const box = stridedBox([2, 3, 4], [12, 4, 1], [12, 4, 1], 1);
    expect(box).toMatchObject({ shape: [24], outerStrides: [1], chunkStrides: [1], runBytes: 24, distinct: 24 });
  });

  test("one run is all of the chunk, in order, and nothing else", () => {
    expect(isOneRun(stridedBox([2, 3], [6, 2], [6, 2], 2), 12)).toBe(true);
    expect(isOneRun(stridedBox([], [], [], 2), 2)).toBe(true);
    expect(isOneRun(stridedBox([2, 3], [6, 2], [6, 2], 2), 14)).toBe(false);
    expect(isOneRun(stridedBox([2, 3], [8, 2], [8, 2], 2), 6), "one of two runs").toBe(false);
    const picked = { count: 1, distinct: 1, outerOffsets: Float64Array.of(0), chunkOffsets: Float64Array.of(6) };
    expect(isOneRun(prepareBox([picked, axis(3, 2, 2)], 2), 6), "a run at a pick").toBe(false);
  });
});

test.each([
  [[7], 1],
  [[7], 10],
  [[1, 2], 14],
  [[1, 2, 3], 3],
  [[1, 2, 3], 30],
  [[5, 5], 8],
  [[5, 5, 6, 5], 20],
])("fillElements repeats %j to %i bytes", (value, byteLength) => {
  const bytes = new Uint8Array(byteLength + 2).fill(0xee);
  fillElements(bytes.subarray(1, 1 + byteLength), Uint8Array.from(value));
  const expected = Array.from({ length: byteLength }, (_, i) => value[i % value.length]);
  expect([...bytes]).toEqual([0xee, ...expected, 0xee]);
});
