import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Chunk, createArraySync, type Selection, slice } from "../../src/index.js";
import { syncodecError } from "../codecs/support.js";

const shape = [5, 7, 3];
const data = Int32Array.from({ length: 105 }, (_, i) => i + 1);

const layouts = {
  chunks: { chunkShape: [2, 3, 3] },
  shards: { chunkShape: [1, 3, 1], shardShape: [2, 6, 3] },
  "one chunk": { chunkShape: [5, 7, 3] },
};

function makeArray(layout: (typeof layouts)[keyof typeof layouts]) {
  const array = createArraySync(new Map(), { shape, dataType: "int32", ...layout });
  array.setSync(null, data);
  return array;
}

/** The indices that one entry selects, as Python's `range(*slice.indices(length))` gives them. */
function indicesOf(entry: number | null | ReturnType<typeof slice>, length: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  if (entry === null) return all;
  if (typeof entry === "number") return [entry < 0 ? entry + length : entry];
  const { start, stop, step } = entry;
  const kept = all.slice(start ?? 0, stop ?? length);
  return kept.filter((_, i) => i % (step ?? 1) === 0);
}

const entryOf = (length: number) =>
  fc.oneof(
    fc.constant(null),
    fc.integer({ min: -length, max: length - 1 }),
    fc
      .tuple(
        fc.option(fc.integer({ min: -length - 2, max: length + 2 })),
        fc.option(fc.integer({ min: -length - 2, max: length + 2 })),
        fc.option(fc.integer({ min: 1, max: length + 1 })),
      )
      .map(([start, stop, step]) => slice(start, stop, step)),
  );

const selections = fc
  .tuple(...shape.map(entryOf), fc.nat({ max: 3 }))
  .map((parts) => (parts.slice(0, 3) as (number | null | ReturnType<typeof slice>)[]).slice(0, parts[3] as number));

const isChunk = (value: unknown): value is Chunk => typeof value === "object";

describe.each(Object.entries(layouts))("an array in %s", (_, layout) => {
  const array = makeArray(layout);

  test("gives the elements that numpy gives", () => {
    fc.assert(
      fc.property(selections, (selection) => {
        const [a, b, c] = shape.map((length, axis) => indicesOf(selection[axis] ?? null, length));
        const expected = a!.flatMap((i) => b!.flatMap((j) => c!.map((k) => data[(i * 7 + j) * 3 + k]!)));
        const result = array.getSync(selection);
        if (selection.length === 3 && selection.every((entry) => typeof entry === "number")) {
          expect(result).toBe(expected[0]);
          return;
        }
        if (!isChunk(result)) return expect.fail("not a chunk");
        expect([...(result.data as Int32Array)]).toEqual(expected);
        const kept = [a!, b!, c!].filter((_, axis) => typeof selection[axis] !== "number");
        expect(result.shape).toEqual(kept.map((list) => list.length));
      }),
      { numRuns: 300 },
    );
  });

  test("set and get of any selection agree, and nothing else changes", () => {
    fc.assert(
      fc.property(selections, fc.boolean(), (selection, isScalar) => {
        const own = makeArray(layout);
        const lists = shape.map((length, axis) => indicesOf(selection[axis] ?? null, length));
        const kept = lists.filter((_, axis) => typeof selection[axis] !== "number").map((list) => list.length);
        const count = kept.reduce((product, length) => product * length, 1);
        const values = Int32Array.from({ length: count }, (_, i) => (isScalar ? -1 : -1 - i));
        own.setSync(selection, isScalar ? -1 : values);
        const expected = data.slice();
        let next = 0;
        for (const i of lists[0]!)
          for (const j of lists[1]!) for (const k of lists[2]!) expected[(i * 7 + j) * 3 + k] = values[next++]!;
        expect(own.getSync().data).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe("results", () => {
  const array = makeArray(layouts.chunks);

  test("a selection of numbers only is a scalar, anything else a chunk", () => {
    expect(array.getSync([0, 1, 2])).toBe(6);
    expect(array.getSync([-1, -1, -1])).toBe(105);
    expect(array.getSync([0, 1, slice(2, 3)])).toEqual({ data: Int32Array.of(6), shape: [1], stride: [1] });
    expect(array.getSync([])).toEqual(array.getSync());
    expect(array.getSync(null).shape).toEqual(shape);
    expect((array.getSync([slice(2, 2)]) as Chunk).shape).toEqual([0, 7, 3]);
  });

  test("scalars of every kind of type", () => {
    const scalar = (dataType: "bool" | "int64" | "float16" | "uint8", value: never) => {
      const own = createArraySync(new Map(), { shape: [1], chunkShape: [1], dataType });
      own.setSync([0], value);
      return own.getSync([0]);
    };
    expect(scalar("bool", true as never)).toBe(true);
    expect(scalar("int64", -(2n ** 63n) as never)).toBe(-(2n ** 63n));
    expect(scalar("float16", 1.5 as never)).toBe(1.5);
    expect(scalar("uint8", 255 as never)).toBe(255);
  });

  test("rank 0", () => {
    const own = createArraySync(new Map(), { shape: [], chunkShape: [], dataType: "float64", fillValue: 2.5 });
    expect(own.getSync([])).toBe(2.5);
    expect(own.getSync()).toEqual({ data: Float64Array.of(2.5), shape: [], stride: [] });
    own.setSync([], 4);
    expect(own.getSync([])).toBe(4);
    own.setSync(null, Float64Array.of(8));
    expect(own.getSync([])).toBe(8);
    expect(syncodecError(() => own.getSync([0])).message).toBe(
      "Selection has too many axes (expected at most 0; found 1)",
    );
  });

  test("an axis of length 0", () => {
    const own = createArraySync(new Map(), { shape: [0, 3], chunkShape: [2, 2], dataType: "int8" });
    expect(own.getSync()).toEqual({ data: new Int8Array(0), shape: [0, 3], stride: [3, 1] });
    own.setSync(null, 1);
    expect(syncodecError(() => own.getSync([0])).code).toBe("INVALID_SELECTION");
  });

  test("out, contiguous and strided; a shared result", () => {
    const out = new Int32Array(6);
    const result = array.getSync([0, slice(2)], { out }) as Chunk;
    expect(result.data).toBe(out);
    expect(out).toEqual(data.subarray(0, 6));
    const strided = { data: new Int32Array(12), shape: [2, 3], stride: [1, 4] };
    expect(array.getSync([0, slice(2)], { out: strided })).toBe(strided);
    expect([...strided.data]).toEqual([1, 4, 0, 0, 2, 5, 0, 0, 3, 6, 0, 0]);
    expect(() => array.getSync([0, slice(2)], { out: new Int32Array(5) })).toThrow(/^out has the wrong number/);
    expect(() => array.getSync(null, { out: new Float32Array(105) as never })).toThrow(TypeError);
    expect(array.getSync(null, { useSharedArrayBuffer: true }).data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(array.getSync().data.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe("refusals", () => {
  const array = makeArray(layouts.shards);
  const get = (selection: unknown) => () => array.getSync(selection as Selection);

  test.each([
    [[5], 0, "an index from -5 to 4", "5"],
    [[-6], 0, "an index from -5 to 4", "-6"],
    [[null, 7], 1, "an index from -7 to 6", "7"],
    [[null, null, 3], 2, "an index from -3 to 2", "3"],
    [[0.5], 0, "an integer as an index", "0.5"],
    [[Number.NaN], 0, "an integer as an index", "NaN"],
    [[Number.POSITIVE_INFINITY], 0, "an integer as an index", "Infinity"],
    [[slice(0, 5, 0)], 0, "a step of at least 1", "0"],
    [[slice(null, null, -1)], 0, "a step of at least 1", "-1"],
    [[slice(0.5)], 0, "an integer as a slice bound", "0.5"],
    [[slice(Number.POSITIVE_INFINITY)], 0, "an integer as a slice bound", "Infinity"],
  ] as const)("%j on axis %i: expected %s", (selection, axis, expected, found) => {
    for (const call of [get(selection), () => array.setSync(selection, 1)])
      expect(syncodecError(call)).toMatchObject({
        name: "ArgumentError",
        code: "INVALID_SELECTION",
        message: `Invalid selection on axis ${axis} (expected ${expected}; found ${found})`,
      });
    expect(array.getSync().data).toEqual(data);
  });

  test("too many axes", () => {
    expect(syncodecError(get([null, null, null, null]))).toMatchObject({
      code: "INVALID_SELECTION",
      expected: "at most 3",
    });
  });

  test("wrong types", () => {
    for (const selection of [
      {},
      0,
      "all",
      true,
      [true],
      ["0"],
      [1n],
      [{}],
      [Symbol("s")],
      [slice("1" as never)],
      [slice(0, 1, "2" as never)],
    ])
      expect(get(selection)).toThrow(TypeError);
    expect(get([true])).toThrow(/^Invalid selection on axis 0: expected a number, null.*, not boolean$/);
  });

  test("values of another type, shape or length", () => {
    const set = (value: unknown) => () => array.setSync([0, slice(2)], value as number);
    for (const value of ["1", true, null, undefined, {}, [1, 2, 3, 4, 5, 6], new Float32Array(6)])
      expect(set(value), String(value)).toThrow(TypeError);
    for (const value of [0.5, Number.NaN, 2 ** 31, 10n ** 20n])
      expect(syncodecError(set(value))).toMatchObject({ name: "ArgumentError", code: "INVALID_ARGUMENT" });
    expect(syncodecError(set(new Int32Array(5))).message).toBe(
      "Value has the wrong number of elements (expected 6; found 5)",
    );
    expect(syncodecError(set({ data: new Int32Array(6), shape: [3, 2], stride: [2, 1] })).message).toBe(
      "Value has the wrong shape (expected [2, 3]; found [3, 2])",
    );
    expect(array.getSync().data).toEqual(data);
  });
});

test("slice is zarrita's", () => {
  expect(slice(3)).toEqual({ start: null, stop: 3, step: null });
  expect(slice(null)).toEqual({ start: null, stop: null, step: null });
  expect(slice(1, 3)).toEqual({ start: 1, stop: 3, step: null });
  expect(slice(1, null, 2)).toEqual({ start: 1, stop: null, step: 2 });
});
