/** resize and append, against a plain array. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CreateArrayOptions,
  createArraySync,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
} from "../../src/index.js";
import { plainAxes, startOf } from "../support/plain_axis.js";

type Plain = { shape: number[]; data: Map<string, number> };

const cells = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  );

function contents({ shape, data }: Plain, fill: number): number[] {
  return cells(shape).map((cell) => data.get(cell.join()) ?? fill);
}

const layouts = [
  { chunkShape: [3, 2] },
  { shardShape: [6, 4], chunkShape: [3, 2], compressors: ["crc32c"] },
  { shardShape: [4, 4], chunkShape: [2, 2], compressors: ["gzip"] },
  { chunkGrid: [[1, 4, 2, [3, 2]], 2] },
  {
    shardGrid: [
      [6, 2, 4],
      [[2, 3], 4],
    ],
    chunkShape: [2, 1],
    compressors: ["crc32c"],
  },
] satisfies Partial<CreateArrayOptions>[];

test.each(layouts)("shrinking and growing never shows old data (%j)", async (layout) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (shapes, writeEmptyChunks) => {
        const store = new MemoryStore();
        const later = new LatencyStore(store);
        createArraySync(store, { shape: [8, 7], dataType: "float32", fillValue: Number.NaN, ...layout });
        const plain: Plain = { shape: [8, 7], data: new Map() };
        for (const [i, shape] of shapes.entries()) {
          const array = openArraySync(store, { writeEmptyChunks });
          array.setSync(null, i + 1);
          for (const cell of cells(plain.shape)) plain.data.set(cell.join(), i + 1);
          if (i % 2 === 0) array.resizeSync(shape);
          else await (await openArray(later, { writeEmptyChunks })).resize(shape);
          plain.shape = shape;
          for (const key of [...plain.data.keys()])
            if (key.split(",").some((c, axis) => Number(c) >= shape[axis]!)) plain.data.delete(key);
          expect([...openArraySync(store).getSync().data]).toEqual(contents(plain, Number.NaN));
        }
        const keys = [...store.listSync("/c/")];
        const { shape } = openArraySync(store);
        const { chunkShape, chunkGrid = chunkShape, shardShape = chunkGrid, shardGrid = shardShape } = layout;
        const axes = plainAxes({ chunkGrid: shardGrid });
        for (const key of keys) {
          const coordinates = key.split("/").slice(2).map(Number);
          expect(coordinates.every((c, axis) => startOf(axes[axis]!, c) < shape[axis]!)).toBe(true);
        }
        // Growth of what was cut off shows the fill value.
        openArraySync(store).resizeSync([9, 9]);
        expect([...openArraySync(store).getSync().data]).toEqual(contents({ ...plain, shape: [9, 9] }, Number.NaN));
      },
    ),
    { numRuns: 40 },
  );
});

test("append", async () => {
  const store = new MemoryStore();
  const array = createArraySync(store, { shape: [2, 3], chunkShape: [2, 2], dataType: "int8" });
  array.setSync(null, Int8Array.of(1, 2, 3, 4, 5, 6));
  array.appendSync({ data: Int8Array.of(7, 8, 9), shape: [1, 3], stride: [3, 1] });
  await array.append({ data: Int8Array.of(10, 11, 12), shape: [3, 1], stride: [1, 1] }, 1);
  expect(openArraySync(store).getSync()).toEqual({
    data: Int8Array.of(1, 2, 3, 10, 4, 5, 6, 11, 7, 8, 9, 12),
    shape: [3, 4],
    stride: [4, 1],
  });
  expect(() => array.appendSync({ data: new Int8Array(2), shape: [1, 2], stride: [2, 1] })).toThrow(
    /expected \[any, 4\]/,
  );
  expect(() => array.appendSync({ data: new Int8Array(4), shape: [1, 4], stride: [4, 1] }, 2)).toThrow(/Invalid axis/);
});
