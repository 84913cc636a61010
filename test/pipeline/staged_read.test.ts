/** Chunks of short rows are put together in linear memory: what comes out is what the same elements are in a plain array. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { byteStrides, elementCount } from "../../src/codecs/codec.js";
import { findCodec } from "../../src/codecs/registry.js";
import { chunkAxis } from "../../src/grid/chunk_grid.js";
import { createArraySync, init, MemoryStore, openArraySync, type Slice, slice } from "../../src/index.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { LocalStore } from "../../src/node.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { scatterBox } from "../../src/pipeline/box.js";
import { type Tiling, tile } from "../../src/pipeline/tiling.js";
import { bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { selectedNumbers } from "../support/reference_array.js";

const directory = mkdtempSync(join(tmpdir(), "syncodec-staged-"));
beforeAll(() => init());
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(directory, { recursive: true }));

/** One selected range an axis: its chunk length, first index, step and count. */
const axis = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.nat(7), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }))
  .map(([chunk, start, step, count]) => ({ chunk, start, step, count, length: start + step * count }));

describe("bands", () => {
  /** The tiling of a random selection onto a contiguous array of random bytes. */
  const tilings = fc.array(axis, { minLength: 1, maxLength: 4 }).chain((axes) =>
    fc.constantFrom("uint8", "uint16").map((name) => {
      const dataType = dataTypeByName(name);
      const { itemSize } = dataType;
      const spec = { shape: axes.map(({ chunk }) => chunk), dataType, fillValue: new Uint8Array(itemSize) };
      const codecs = [{ name: "bytes", configuration: new Map([["endian", "little"]]), mustUnderstand: true }];
      const chain = bindCodecs(codecs, spec, { field: "codecs", key: "zarr.json" }, findCodec);
      const shape = axes.map(({ count }) => count);
      const elements = new Uint8Array(elementCount(shape) * itemSize);
      const grid = axes.map(({ length, chunk }) => Math.ceil(length / chunk));
      const outer = { elements, offset: 0, strides: byteStrides(shape, itemSize) };
      return tile(axes, spec.shape.map(chunkAxis), grid, chain, outer);
    }),
  );

  const stored = Uint8Array.from({ length: 2 * 9 ** 4 }, (_, i) => (i * 7 + (i >> 8)) % 251);

  function readDirectly(tiling: Tiling, target: Uint8Array): void {
    for (const { box, outerOffset, chunkOffset, number } of tiling.tiles())
      scatterBox(box, target, outerOffset, stored.subarray(number % 97), chunkOffset);
  }

  test("hold every chunk once, and put every element where it belongs", () => {
    fc.assert(
      fc.property(tilings, fc.integer({ min: 1, max: 3000 }), (tiling, byteLimit) => {
        const { elements } = tiling.outer;
        if (Array.isArray(elements)) throw new TypeError("bytes are expected");
        const expected = elements.slice();
        readDirectly(tiling, expected);
        const bands = tiling.bands(byteLimit);
        if (bands === undefined) return;
        const found = elements.slice();
        let count = 0;
        for (const { tiling: part, byteLength, box, outerOffset } of bands) {
          expect(byteLength).toBeLessThanOrEqual(byteLimit);
          const own = new Uint8Array(byteLength);
          readDirectly(part, own);
          scatterBox(box, found, outerOffset, own, 0);
          count += part.count;
        }
        expect(count).toBe(tiling.count);
        expect(found).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

/** Chunks with so many short rows that staging pays. */
const volume = {
  shape: [40, 31, 45],
  chunkShape: [16, 9, 13],
  serializer: { name: "bytes", configuration: { endian: "little" } },
} as const;

const part = (length: number) =>
  fc
    .tuple(fc.nat(length - 1), fc.integer({ min: 1, max: length }), fc.integer({ min: 1, max: 5 }))
    .map(([start, count, step]) => slice(start, Math.min(length, start + count), step));

const big = { name: "bytes", configuration: { endian: "big" } } as const;

describe.each([
  ["uint8", []],
  ["uint16", ["crc32c"]],
  ["float64", ["gzip"]],
  ["int32", ["zstd"]],
] as const)("%s %j", (dataType, compressors) => {
  test.each([
    ["memory", undefined],
    ["files", undefined],
    ["memory", [32, 18, 26]],
    ["files", [32, 18, 26]],
  ] as const)("any selection, in %s, shards %j", (kind, shardShape) => {
    const path = join(directory, dataType, String(shardShape));
    const store = kind === "memory" ? new MemoryStore() : new LocalStore(path);
    const serializer = dataType === "uint16" ? big : volume.serializer;
    const options = { ...volume, serializer, dataType, compressors: [...compressors], fillValue: 7 };
    const array = createArraySync(store, shardShape === undefined ? options : { ...options, shardShape });
    const [z, y, x] = volume.chunkShape;
    // One chunk holds nothing but the fill value, and is missing.
    const isMissing = (i: number): boolean =>
      Math.floor(i / (31 * 45 * z)) === 1 && Math.floor((Math.floor(i / 45) % 31) / y) === 2 && (i % 45) / x < 1;
    const numbers = Array.from({ length: elementCount(volume.shape) }, (_, i) =>
      isMissing(i) ? 7 : (i * 31 + 5) % 199,
    );
    const whole = array.newChunk(volume.shape);
    numbers.forEach((number, i) => {
      whole.data[i] = number;
    });
    array.setSync(null, whole);
    fc.assert(
      fc.property(fc.tuple(part(40), part(31), part(45)), (selection: Slice[]) => {
        const selected = selectedNumbers(selection, volume.shape);
        const { data } = array.newChunk([selected.length]);
        selected.forEach((number, i) => {
          data[i] = numbers[number]!;
        });
        expect(array.getSync(selection)).toMatchObject({ data });
      }),
      { numRuns: 30 },
    );
    expect(array.getSync()).toEqual(whole);
  });
});

test("one kernel call a chunk, and strides of the caller's array are kept", () => {
  const array = createArraySync(new MemoryStore(), { ...volume, dataType: "uint8" });
  const length = elementCount(volume.shape);
  const numbers = Uint8Array.from({ length }, (_, i) => (i * 13) % 241);
  array.setSync(null, numbers);
  const copy = vi.spyOn(currentMemory().kernelsOf(bulkKernels), "copyStrided");
  // Every second plane of an array with longer rows.
  const [planes, rows, columns] = volume.shape;
  const stride = [2 * rows * (columns + 3), columns + 3, 1];
  const out = { data: new Uint8Array(planes * stride[0]!), shape: [...volume.shape], stride };
  array.getSync(null, { out });
  expect(copy).toHaveBeenCalledTimes(array.shape.reduce((n, l, d) => n * Math.ceil(l / volume.chunkShape[d]!), 1));
  const expected = new Uint8Array(out.data.length);
  numbers.forEach((value, i) => {
    const plane = Math.floor(i / (rows * columns));
    const row = Math.floor(i / columns) % rows;
    expected[plane * stride[0]! + row * stride[1]! + (i % columns)] = value;
  });
  expect(out.data).toEqual(expected);
});

test("a bad chunk is named", () => {
  const store = new MemoryStore();
  createArraySync(store, { ...volume, dataType: "uint8", compressors: ["crc32c"] }).setSync(null, 1);
  const key = "/c/1/1/1";
  store.setSync(key, store.getSync(key)!.subarray(1));
  const array = openArraySync(store);
  expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "CORRUPT_DATA", key }));
  store.deleteSync(key);
  const strict = openArraySync(store, { readMissingChunks: false });
  expect(() => strict.getSync()).toThrow(expect.objectContaining({ code: "MISSING_CHUNK", key }));
});
