/** Selections brought into one form per axis, at the bounds of what is allowed. */

import { describe, expect, test } from "vitest";
import { normalizePoints, normalizeSelection, slice } from "../../src/grid/selection.js";

const axisOf = (entry: unknown, length = 5) => {
  const [axis] = normalizeSelection([entry] as never, [length]).axes;
  return axis;
};

describe("slices", () => {
  test("one bound is the stop, as in Python", () => {
    expect(slice(3)).toEqual({ start: null, stop: 3, step: null });
    expect(slice(null)).toEqual({ start: null, stop: null, step: null });
    expect(slice(3, null)).toEqual({ start: 3, stop: null, step: null });
    expect(slice(1, 4, 2)).toEqual({ start: 1, stop: 4, step: 2 });
  });

  test.each([
    [slice(null), 0, 1, 5],
    [slice(2), 0, 1, 2],
    [slice(0), 0, 1, 0],
    [slice(0, 5), 0, 1, 5],
    [slice(0, 6), 0, 1, 5],
    [slice(-5, -1), 0, 1, 4],
    [slice(-6, null), 0, 1, 5],
    [slice(-1, null), 4, 1, 1],
    [slice(5, null), 5, 1, 0],
    [slice(9, null), 5, 1, 0],
    [slice(4, 2), 4, 1, 0],
    [slice(0, 4, 2), 0, 2, 2],
    [slice(0, 5, 2), 0, 2, 3],
    [slice(1, null, 9), 1, 9, 1],
  ])("%j of five elements", (entry, start, step, count) => {
    expect(axisOf(entry)).toEqual({ start, step, count });
  });

  test.each([slice(0, 2, 0), slice(0, 2, -1), slice(0.5, 2), slice(0, 2.5), slice(0, 4, 1.5), slice(Number.NaN)])(
    "%j is refused",
    (entry) => {
      expect(() => axisOf(entry)).toThrow(expect.objectContaining({ code: "INVALID_SELECTION" }));
    },
  );

  test("bounds that are no numbers are refused", () => {
    for (const bad of [{ start: "0", stop: 2, step: 1 }, { start: 0, stop: 2n, step: 1 }, {}])
      expect(() => axisOf(bad)).toThrow(TypeError);
  });
});

describe("numbers", () => {
  test.each([
    [0, 0],
    [4, 4],
    [-1, 4],
    [-5, 0],
  ])("%i of five elements is element %i", (entry, start) => {
    const { axes, dropped, shape, isScalar } = normalizeSelection([entry], [5]);
    expect({ axes, dropped, shape, isScalar }).toEqual({
      axes: [{ start, step: 1, count: 1 }],
      dropped: [true],
      shape: [],
      isScalar: true,
    });
  });

  test.each([5, -6, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("%d of five elements is refused", (entry) => {
    expect(() => axisOf(entry)).toThrow(expect.objectContaining({ code: "INVALID_SELECTION" }));
  });
});

describe("arrays", () => {
  test("indices and booleans", () => {
    const picks = (indices: number[]) => ({
      indices: Int32Array.from(indices),
      places: Int32Array.from(indices.keys()),
      count: indices.length,
    });
    expect(axisOf([4, -5, 0, 0])).toEqual(picks([4, 0, 0, 0]));
    expect(axisOf([])).toEqual(picks([]));
    expect(axisOf(Uint8Array.of(3, 1))).toEqual(picks([3, 1]));
    expect(axisOf([true, false, false, true, false])).toEqual(picks([0, 3]));
    expect(axisOf([true], 1)).toEqual(picks([0]));
    expect(axisOf([false, true, true, false, true])).toEqual(picks([1, 2, 4]));
  });

  test.each([[[5]], [[0, -6]], [[true]], [[true, true, true, true, true, true]], [[1.5]]])("%j is refused", (entry) => {
    expect(() => axisOf(entry)).toThrow(expect.objectContaining({ code: "INVALID_SELECTION" }));
  });

  test("booleans and numbers are not mixed", () => {
    expect(() => axisOf([true, 1, 0, 0, 0])).toThrow(/only booleans or only numbers/);
    expect(() => axisOf([1, true, 0, 0, 0])).toThrow(TypeError);
    expect(() => axisOf(new DataView(new ArrayBuffer(8)))).toThrow(TypeError);
  });

  test("indices that no int32 holds keep their value", () => {
    expect(axisOf([2 ** 31 - 1, -1], 2 ** 31)).toMatchObject({ indices: Int32Array.of(2 ** 31 - 1, 2 ** 31 - 1) });
    expect(axisOf([2 ** 31, -1], 2 ** 31 + 1)).toMatchObject({ indices: Float64Array.of(2 ** 31, 2 ** 31) });
    expect(axisOf([2 ** 40], 2 ** 41)).toMatchObject({ indices: Float64Array.of(2 ** 40) });
  });
});

describe("whole selections", () => {
  test("null and missing trailing axes take everything", () => {
    const all = [
      { start: 0, step: 1, count: 2 },
      { start: 0, step: 1, count: 3 },
    ];
    for (const selection of [null, [], [null], [null, null]])
      expect(normalizeSelection(selection, [2, 3])).toMatchObject({ axes: all, shape: [2, 3], isScalar: false });
    expect(normalizeSelection([1], [2, 3])).toMatchObject({ dropped: [true, false], shape: [3], isScalar: false });
  });

  test("on rank 0, [] is the element and null an array of it", () => {
    expect(normalizeSelection([], []).isScalar).toBe(true);
    expect(normalizeSelection(null, []).isScalar).toBe(false);
  });

  test("too many axes, and what is no selection, are refused", () => {
    expect(() => normalizeSelection([0, 0, 0], [2, 3])).toThrow(
      expect.objectContaining({ code: "INVALID_SELECTION", expected: "at most 2", found: 3 }),
    );
    for (const bad of [5, "all", { 0: null }]) expect(() => normalizeSelection(bad as never, [2])).toThrow(TypeError);
    for (const bad of ["0", true, 1n])
      expect(() => axisOf(bad)).toThrow(/expected a number, null, slice\(\) or an array/);
  });
});

describe("points", () => {
  test("take one place each, in order", () => {
    const points = normalizePoints(
      [
        [0, -1],
        [2, 2],
      ],
      [2, 3],
    );
    expect(points).toEqual({ coordinates: [Int32Array.of(0, 1), Int32Array.of(2, 2)], places: Int32Array.of(0, 1) });
    expect(normalizePoints([[]], [2]).places).toHaveLength(0);
    expect(normalizePoints([], []).places, "of rank 0").toEqual(Int32Array.of(0));
  });

  test.each([
    [[[0]], [2, 3]],
    [
      [[0], [0], [0]],
      [2, 3],
    ],
    [
      [[0], [0, 1]],
      [2, 3],
    ],
    [
      [[2], [0]],
      [2, 3],
    ],
    [
      [[0], [-4]],
      [2, 3],
    ],
    [null, [2]],
    [{ length: 1, 0: [0] }, [2]],
  ])("%j in %j are refused", (coordinates, shape) => {
    expect(() => normalizePoints(coordinates as never, shape)).toThrow(
      expect.objectContaining({ code: "INVALID_SELECTION" }),
    );
  });
});
