/** Orthogonal index arrays, booleans and points against a plain array, on every layout. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CreateArrayOptions,
  createArraySync,
  MemoryStore,
  openArray,
  openArraySync,
  type Selection,
  slice,
} from "../../src/index.js";

const shape = [7, 5, 9];
const strides = [45, 9, 1];
const count = 315;
const layouts = {
  unsharded: { chunkShape: [3, 2, 4] },
  sharded: { shardShape: [6, 4, 8], chunkShape: [3, 2, 4], compressors: ["crc32c"] },
  "sharded, compressed": { shardShape: [6, 4, 8], chunkShape: [3, 2, 2], compressors: ["gzip"] },
  rectilinear: { chunkGrid: [[3, 1, 4], 2, [2, [1, 3], 4, 7]] },
  "rectilinear shards": { shardGrid: [[6, 3], 4, [[2, 2], 6]], chunkShape: [3, 2, 2], compressors: ["crc32c"] },
  transposed: { chunkShape: [3, 2, 4], filters: [{ name: "transpose", configuration: { order: [2, 0, 1] } }] },
} satisfies Record<string, Partial<CreateArrayOptions>>;

const indexOf = (length: number): fc.Arbitrary<number> => fc.integer({ min: -length, max: length - 1 });
const wrap = (index: number, length: number): number => (index < 0 ? index + length : index);

/** One axis of a selection with the indices it means. */
function axisEntry(
  length: number,
): fc.Arbitrary<{ entry: NonNullable<Selection>[number]; indices: number[]; dropped: boolean }> {
  const all = Array.from({ length }, (_, i) => i);
  return fc.oneof(
    fc.constant({ entry: null, indices: all, dropped: false }),
    indexOf(length).map((i) => ({ entry: i, indices: [wrap(i, length)], dropped: true })),
    fc.tuple(fc.nat(length), fc.nat(length), fc.integer({ min: 1, max: 3 })).map(([a, b, step]) => ({
      entry: slice(a, b, step),
      indices: all.filter((i) => i >= a && i < b && (i - a) % step === 0),
      dropped: false,
    })),
    fc
      .array(indexOf(length), { maxLength: 12 })
      .map((list) => ({ entry: list, indices: list.map((i) => wrap(i, length)), dropped: false })),
    fc
      .array(indexOf(length), { maxLength: 5 })
      .map((list) => ({ entry: Int32Array.from(list), indices: list.map((i) => wrap(i, length)), dropped: false })),
    fc
      .array(fc.boolean(), { minLength: length, maxLength: length })
      .map((mask) => ({ entry: mask, indices: all.filter((i) => mask[i]), dropped: false })),
  );
}

const selections = fc.tuple(axisEntry(7), axisEntry(5), axisEntry(9));

/** Offsets of the selected elements in C order. */
function offsetsOf(axes: readonly { indices: number[] }[]): number[] {
  return axes.reduce<number[]>(
    (offsets, { indices }, axis) => offsets.flatMap((offset) => indices.map((i) => offset + i * strides[axis]!)),
    [0],
  );
}

describe.each(Object.entries(layouts))("%s", (_, layout) => {
  const fresh = () => {
    const data = Int32Array.from({ length: count }, (_, i) => i + 1);
    const store = new MemoryStore();
    const array = createArraySync(store, { shape, dataType: "int32", ...layout });
    array.setSync(null, data);
    return { store, array, data };
  };

  test("orthogonal reads", async () => {
    const { store, array, data } = fresh();
    const batched = await openArray(store, { pipeline: "batched" });
    await fc.assert(
      fc.asyncProperty(selections, async (axes) => {
        const selection = axes.map(({ entry }) => entry);
        const expected = Int32Array.from(offsetsOf(axes), (offset) => data[offset]!);
        const result = array.getSync(selection);
        if (axes.every(({ dropped }) => dropped)) expect(result).toBe(expected[0]);
        else
          expect(result).toMatchObject({
            data: expected,
            shape: axes.filter(({ dropped }) => !dropped).map(({ indices }) => indices.length),
          });
        expect(await batched.get(selection)).toEqual(result);
      }),
      { numRuns: 150 },
    );
  });

  test("orthogonal writes: the last of repeated indices stays", () => {
    fc.assert(
      fc.property(selections, fc.boolean(), (axes, scalar) => {
        const { store, array, data } = fresh();
        const offsets = offsetsOf(axes);
        const value = Int32Array.from(offsets, (_, i) => -1 - i);
        const isNumbers = axes.every(({ dropped }) => dropped);
        for (const [i, offset] of offsets.entries()) data[offset] = scalar || isNumbers ? -7 : value[i]!;
        array.setSync(
          axes.map(({ entry }) => entry),
          scalar || isNumbers ? -7 : value,
        );
        expect(openArraySync(store).getSync().data).toEqual(data);
      }),
      { numRuns: 150 },
    );
  });

  test("points, read and written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(indexOf(7), indexOf(5), indexOf(9)), { maxLength: 40 }), async (points) => {
        const { store, array, data } = fresh();
        const coordinates = [0, 1, 2].map((axis) => points.map((point) => point[axis]!));
        const offsets = points.map((point) =>
          point.reduce((sum, i, axis) => sum + wrap(i, shape[axis]!) * strides[axis]!, 0),
        );
        const expected = Int32Array.from(offsets, (offset) => data[offset]!);
        expect(array.getPointsSync(coordinates)).toEqual({ data: expected, shape: [points.length], stride: [1] });
        expect((await (await openArray(store, { pipeline: "batched" })).getPoints(coordinates)).data).toEqual(expected);
        const values = Int32Array.from(points, (_, i) => -1 - i);
        array.setPointsSync(
          coordinates.map((axis) => Int32Array.from(axis)),
          values,
        );
        for (const [i, offset] of offsets.entries()) data[offset] = values[i]!;
        expect(openArraySync(store).getSync().data).toEqual(data);
      }),
      { numRuns: 60 },
    );
  });
});

test("a repeated index does not make a write cover a chunk (#4203)", () => {
  const store = new MemoryStore();
  const array = createArraySync(store, { shape: [4], chunkShape: [2], shardShape: [4], dataType: "uint8" });
  array.setSync(null, Uint8Array.of(1, 2, 3, 4));
  array.setSync([[0, 0, 3, 3]], Uint8Array.of(9, 8, 7, 6));
  expect(array.getSync().data).toEqual(Uint8Array.of(8, 2, 3, 6));
  expect((array.getSync([[3, 2, 1, 0]]) as { data: Uint8Array }).data).toEqual(Uint8Array.of(6, 3, 2, 8));
});

test.each([
  [[[0, 4]], "INVALID_SELECTION", "index from -4 to 3"],
  [[[true, false]], "INVALID_SELECTION", "4 booleans"],
  [[[0.5]], "INVALID_SELECTION", "integer"],
])("bad selection %j", (selection, code, message) => {
  const array = createArraySync(new MemoryStore(), { shape: [4], chunkShape: [2], dataType: "uint8" });
  expect(() => array.getSync(selection)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test("bad points", () => {
  const array = createArraySync(new MemoryStore(), { shape: [4, 4], chunkShape: [2, 2], dataType: "uint8" });
  expect(() => array.getPointsSync([[1]])).toThrow(/one array of coordinates per axis/);
  expect(() => array.getPointsSync([[1], [1, 2]])).toThrow(/1 coordinates/);
  expect(() => array.getPointsSync([[1], [4]])).toThrow(/index from -4 to 3/);
});

test("indices and points in a shard of more than 2^31 elements", () => {
  const length = 2 ** 33;
  const layout = { shape: [length], shardShape: [length], chunkShape: [2 ** 20] };
  const array = createArraySync(new MemoryStore(), { ...layout, dataType: "uint8" });
  // Two elements whose numbers are equal modulo 2^32, and one between 2^31 and 2^32.
  const indices = [5, 2 ** 32 + 5, 3 * 2 ** 30 + 5];
  array.setPointsSync([indices], Uint8Array.of(1, 2, 3));
  array.setSync([[indices[1]!]], Uint8Array.of(4));
  expect(indices.map((index) => array.getSync([index]))).toEqual([1, 4, 3]);
  expect(array.getSync([indices])).toMatchObject({ data: Uint8Array.of(1, 4, 3) });
  expect(array.getPointsSync([indices])).toMatchObject({ data: Uint8Array.of(1, 4, 3) });
});

test("an empty axis beside one of millions of chunks reads at once", () => {
  const array = createArraySync(new MemoryStore(), { shape: [0, 3e7], chunkShape: [1, 1], dataType: "uint8" });
  expect(array.getSync()).toMatchObject({ shape: [0, 3e7] });
  array.setSync(null, 1);
});
