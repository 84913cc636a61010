import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Axis, copyStrided } from "../reference/strided.js";
import { Arena, builds, skew } from "./arena.js";

interface Box {
  readonly itemSize: number;
  readonly axes: readonly Axis[];
  readonly dstOffset: number;
  readonly dstLength: number;
  readonly srcOffset: number;
  readonly srcLength: number;
}

/** How one side of a box lies in memory: nesting order of its axes, gaps between elements, reversed and broadcast axes. */
interface Layout {
  readonly nesting: readonly number[];
  readonly gaps: readonly number[];
  readonly reversed: readonly boolean[];
  readonly repeated: readonly boolean[];
}

function placeAxes(counts: readonly number[], itemSize: number, layout: Layout, gapUnit: number) {
  const steps = counts.map(() => 0);
  let extent = itemSize;
  let offset = 0;
  for (const axis of layout.nesting) {
    if (layout.repeated[axis]) continue;
    const step = extent + layout.gaps[axis]! * gapUnit;
    const reach = (counts[axis]! - 1) * step;
    steps[axis] = layout.reversed[axis] ? -step : step;
    if (layout.reversed[axis]) offset += reach;
    extent += reach;
  }
  return { steps, offset, extent };
}

function layoutOf(rank: number, mayRepeat: boolean): fc.Arbitrary<Layout> {
  const perAxis = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(value, { minLength: rank, maxLength: rank });
  const inner = [...Array(rank).keys()].reverse();
  const rarely = fc.integer({ min: 0, max: 5 }).map((draw) => draw === 0);
  return fc.record({
    nesting: fc.oneof(fc.constant(inner), fc.shuffledSubarray(inner, { minLength: rank })),
    gaps: perAxis(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 7 }))),
    reversed: perAxis(rarely),
    repeated: mayRepeat ? perAxis(rarely) : fc.constant(inner.map(() => false)),
  });
}

function boxOf(counts: fc.Arbitrary<number[]>, itemSizes: fc.Arbitrary<number>): fc.Arbitrary<Box> {
  return fc.tuple(counts, itemSizes, fc.boolean()).chain(([shape, itemSize, aligned]) =>
    fc.tuple(layoutOf(shape.length, false), layoutOf(shape.length, true)).map(([dstLayout, srcLayout]) => {
      const gapUnit = aligned ? itemSize : 1;
      const dst = placeAxes(shape, itemSize, dstLayout, gapUnit);
      const src = placeAxes(shape, itemSize, srcLayout, gapUnit);
      return {
        itemSize,
        axes: shape.map((count, axis) => ({ count, dstStep: dst.steps[axis]!, srcStep: src.steps[axis]! })),
        dstOffset: dst.offset,
        dstLength: dst.extent,
        srcOffset: src.offset,
        srcLength: src.extent,
      };
    }),
  );
}

function layoutBytes(axes: readonly Axis[]): ArrayBuffer {
  return new Int32Array(axes.flatMap(({ count, dstStep, srcStep }) => [count, dstStep, srcStep])).buffer;
}

const itemSize = fc.oneof(fc.constantFrom(1, 2, 4, 8, 16), fc.integer({ min: 1, max: 16 }));
const boxes = fc.oneof(
  boxOf(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }), itemSize),
  boxOf(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 2 }), itemSize),
  boxOf(
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 8, max: 90 }), fc.integer({ min: 1, max: 90 })),
    fc.constantFrom(1, 2, 4, 8),
  ),
  boxOf(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 100, max: 1200 })), itemSize),
);

describe.each(builds)("copyStrided (%s)", (_name, kernels) => {
  it("equals the reference for any nesting, gaps, reversal and broadcast", () => {
    fc.assert(
      fc.property(boxes, skew, skew, (box, dstSkew, srcSkew) => {
        const content = new Uint8Array(box.srcLength).map((_, i) => (i * 151 + (i >> 8) * 7) & 255);
        const expected = new Uint8Array(box.dstLength).fill(0x5a);
        copyStrided(expected, box.dstOffset, content, box.srcOffset, box.itemSize, box.axes);
        const arena = new Arena(kernels);
        const src = arena.input(content, srcSkew);
        const dst = arena.output(box.dstLength, dstSkew);
        const layout = arena.input(layoutBytes(box.axes));
        const copied = kernels.copyStrided(
          dst,
          box.dstLength,
          box.dstOffset,
          src,
          box.srcLength,
          box.srcOffset,
          box.itemSize,
          box.axes.length,
          layout,
        );
        expect(copied).toBe(box.axes.reduce((product, { count }) => product * count, 1));
        expect(Buffer.compare(arena.read(dst, box.dstLength), expected)).toBe(0);
        arena.check();
      }),
      { numRuns: 1500 },
    );
  });

  it("refuses a box of which one byte lies outside", () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: 0, max: 3 }), (box, side) => {
        const arena = new Arena(kernels);
        const src = arena.input(new Uint8Array(box.srcLength));
        const dst = arena.input(new Uint8Array(box.dstLength).fill(1));
        const layout = arena.input(layoutBytes(box.axes));
        expect(
          kernels.copyStrided(
            dst,
            box.dstLength - (side === 0 ? 1 : 0),
            box.dstOffset + (side === 1 ? 1 : 0),
            src,
            box.srcLength - (side === 2 ? 1 : 0),
            box.srcOffset + (side === 3 ? 1 : 0),
            box.itemSize,
            box.axes.length,
            layout,
          ),
        ).toBe(-1);
        arena.check();
      }),
    );
  });

  it.each<[string, Axis[], number]>([
    ["an axis of no elements", [{ count: 0, dstStep: 1, srcStep: 1 }], 0],
    ["no elements, however far the others reach", [axis(9999, 9999, 9999), axis(0, 1, 1)], 0],
    ["a negative count", [axis(-1, 1, 1)], -1],
    ["a negative count beside an empty axis", [axis(0, 1, 1), axis(-1, 1, 1)], -1],
    ["a negative step below the first byte", [axis(2, -1, 0)], -1],
    ["a negative step below the first byte of src", [axis(2, 1, -1)], -1],
    ["a reach that wraps around 2^32", [axis(65537, 65536, 65536)], -1],
    ["a reach that wraps around 2^64", new Array(5).fill(axis(2 ** 31 - 1, 2 ** 31 - 1, 0)), -1],
    ["more elements than a count can tell", new Array(3).fill(axis(2 ** 15, 0, 0)), -1],
    ["33 axes", new Array(33).fill(axis(1, 1, 1)), -1],
  ])("%s", (_case, axes, result) => {
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(32));
    const dst = arena.input(new Uint8Array(32).fill(1));
    const layout = arena.input(layoutBytes(axes));
    expect(kernels.copyStrided(dst, 32, 0, src, 32, 0, 1, axes.length, layout)).toBe(result);
    arena.check();
  });

  it("collects items a small step apart, from src that ends with the memory", () => {
    const memory = new Uint8Array(kernels.memory.buffer);
    for (const itemSize of [1, 2, 4]) {
      for (const step of [-16, -9, -8, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16]) {
        for (const count of [2, 3, 5, 8, 15, 16, 17, 18, 31, 32, 33, 34, 64, 65, 100]) {
          const content = new Uint8Array((count - 1) * Math.abs(step) + itemSize).map((_, i) => i * 31 + (i >> 8));
          const srcOffset = step < 0 ? content.length - itemSize : 0;
          const axes = [{ count, dstStep: itemSize, srcStep: step }];
          const expected = new Uint8Array(count * itemSize);
          copyStrided(expected, 0, content, srcOffset, itemSize, axes);
          const arena = new Arena(kernels);
          const dst = arena.output(expected.length, 3);
          const layout = arena.input(layoutBytes(axes));
          const src = memory.length - content.length;
          memory.set(content, src);
          const { length } = content;
          expect(kernels.copyStrided(dst, expected.length, 0, src, length, srcOffset, itemSize, 1, layout)).toBe(count);
          expect(Buffer.compare(arena.read(dst, expected.length), expected)).toBe(0);
          arena.check();
        }
      }
    }
  });

  it("takes 32 axes", () => {
    const axes = [axis(2, 1, 1), ...new Array<Axis>(30).fill(axis(1, 0, 0)), axis(3, 2, 2)];
    const arena = new Arena(kernels);
    const content = new Uint8Array([1, 2, 3, 4, 5, 6]);
    const src = arena.input(content);
    const dst = arena.output(6);
    expect(kernels.copyStrided(dst, 6, 0, src, 6, 0, 1, 32, arena.input(layoutBytes(axes)))).toBe(6);
    expect(arena.read(dst, 6)).toEqual(content);
    arena.check();
  });
});

function axis(count: number, dstStep: number, srcStep: number): Axis {
  return { count, dstStep, srcStep };
}
