/** Whole shards by one kernel call: equal to the general way on every layout, and never taken where it does not apply. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Chunk,
  type CreateArrayOptions,
  crc32c,
  createArraySync,
  MemoryStore,
  openArraySync,
  slice,
} from "../../src/index.js";
import { bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { currentMemory } from "../../src/wasm/memory.js";

const chains = [
  { codecs: ["bytes"] },
  { codecs: ["bytes", "crc32c"] },
  { codecs: [{ name: "bytes", configuration: { endian: "big" } }, "crc32c"] },
  {
    codecs: [
      { name: "transpose", configuration: { order: [2, 0, 1] } },
      { name: "bytes", configuration: { endian: "big" } },
    ],
  },
  { codecs: [{ name: "transpose", configuration: { order: [1, 2, 0] } }, "bytes", "crc32c"] },
] as const satisfies readonly Partial<CreateArrayOptions>[];

beforeEach(() => {
  vi.spyOn(currentMemory().kernelsOf(bulkKernels), "decodeShard");
  vi.spyOn(currentMemory().kernelsOf(bulkKernels), "encodeShard");
});
afterEach(() => vi.restoreAllMocks());

const decodeCalls = (): number => vi.mocked(currentMemory().kernelsOf(bulkKernels).decodeShard).mock.calls.length;
const encodeCalls = (): number => vi.mocked(currentMemory().kernelsOf(bulkKernels).encodeShard).mock.calls.length;

describe.each(chains)("$codecs", ({ codecs }) => {
  test("equals the general way, at ragged edges, in any slot order, with empty inner chunks", () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        fc.constantFrom("uint8", "int16", "float32", "float64"),
        fc.constantFrom("morton", "lexicographic", "colexicographic"),
        fc.constantFrom("start", "end"),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        (chunkShape, grid, shape, dataType, subchunkWriteOrder, indexLocation, writeEmptyChunks, values) => {
          const shardShape = chunkShape.map((length, axis) => length * grid[axis]!);
          const options = {
            shape,
            chunkShape,
            shardShape,
            dataType,
            codecs,
            subchunkWriteOrder,
            indexLocation,
            writeEmptyChunks,
          } as const;
          const [whole, general] = [new MemoryStore(), new MemoryStore()];
          const array = createArraySync(whole, options);
          const { data, stride } = array.getSync();
          const numbers = Array.from({ length: data.length }, () => Math.max(0, values.next().value - 1));
          numbers.forEach((value, i) => {
            data[i] = value as never;
          });
          array.setSync(null, { data, shape, stride });
          // Row by row the general way writes, if there is more than one row.
          const other = createArraySync(general, options);
          if (shape[0] > 1) {
            for (let i = 0; i < shape[0]; i++) {
              const row = {
                data: data.slice(i * stride[0]!, (i + 1) * stride[0]!),
                shape: [1, shape[1], shape[2]],
                stride,
              };
              other.setSync([slice(i, i + 1)], row as Chunk<"uint8">);
            }
            expect(other.getSync().data).toEqual(data);
            const keys = [...whole.listSync("/c/")].sort();
            expect([...general.listSync("/c/")].sort()).toEqual(keys);
          }
          const { data: read } = openArraySync(whole).getSync();
          expect(read).toEqual(data);
          for (let i = 0; i < shape[0]; i++) {
            expect((array.getSync([slice(i, i + 1)]) as Chunk).data).toEqual(
              data.slice(i * stride[0]!, (i + 1) * stride[0]!),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(decodeCalls()).toBeGreaterThan(20);
    expect(encodeCalls()).toBeGreaterThan(20);
  });
});

test("elements that lie as the slots do are copied, to what the kernel makes of them elsewhere in the caller's array", () => {
  let copied = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom([], [3], [2, 1]),
      fc.constantFrom("uint8", "int16", "float64"),
      fc.constantFrom("morton", "lexicographic", "colexicographic"),
      fc.constantFrom("start", "end"),
      fc.boolean(),
      fc.constantFrom(0, 1, 258),
      fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
      (rows, grid, length, rest, dataType, subchunkWriteOrder, indexLocation, writeEmptyChunks, fillValue, values) => {
        const shape = [length, ...rest];
        const options = {
          shape,
          chunkShape: [rows, ...rest],
          shardShape: [rows * grid, ...rest],
          dataType,
          fillValue: dataType === "uint8" ? fillValue % 256 : fillValue,
          compressors: [],
          subchunkWriteOrder,
          indexLocation,
          writeEmptyChunks,
        } as const;
        const [packed, spread] = [new MemoryStore(), new MemoryStore()];
        const array = createArraySync(packed, options);
        const { data, stride } = array.newChunk(shape);
        data.forEach((_, i) => {
          // Rows of fill values, and elements that share some of its bytes.
          const value = [fillValue, fillValue, 0, 2][values.next().value]!;
          data[i] = value as never;
        });
        const double = array.newChunk([data.length * 2]).data;
        data.forEach((value, i) => {
          double[2 * i] = value as never;
        });
        vi.mocked(currentMemory().kernelsOf(bulkKernels).encodeShard).mockClear();
        array.setSync(null, { data, shape, stride });
        if (encodeCalls() === 0) copied++;
        const other = createArraySync(spread, options);
        other.setSync(null, { data: double, shape, stride: stride.map((step) => 2 * step) });
        const keys = [...packed.listSync("/c/")].sort();
        expect([...spread.listSync("/c/")].sort()).toEqual(keys);
        for (const key of keys) expect(packed.getSync(key)).toEqual(spread.getSync(key));
      },
    ),
    { numRuns: 300 },
  );
  expect(copied).toBeGreaterThan(100);
  expect(copied).toBeLessThan(300);
});

test("a copied shard is the store's own", () => {
  const store = new MemoryStore();
  const options = { shape: [8], chunkShape: [2], shardShape: [8], dataType: "uint8", compressors: [] } as const;
  const given = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const array = createArraySync(store, options);
  array.setSync(null, given);
  given.fill(9);
  expect(array.getSync().data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  expect(encodeCalls()).toBe(0);
});

const base = {
  shape: [8, 4],
  shardShape: [8, 4],
  chunkShape: [2, 2],
  dataType: "uint16",
  compressors: ["crc32c"],
  subchunkWriteOrder: "lexicographic",
} as const;
const data = Uint16Array.from({ length: 32 }, (_, i) => i + 1);

function filled(): MemoryStore {
  const store = new MemoryStore();
  createArraySync(store, base).setSync(null, data);
  return store;
}

test.each([
  ["reversed", [[7, 6, 5, 4, 3, 2, 1, 0]]],
  ["repeated", [[0, 0, 1, 2, 3, 4, 5, 6, 7]]],
  ["every second row", [slice(0, 8, 2)]],
  ["all but one column", [null, slice(0, 3)]],
])("a selection that is %s goes the general way (#4203)", (_, selection) => {
  const store = filled();
  const array = openArraySync(store);
  array.getSync(selection);
  expect(decodeCalls()).toBe(0);
});

test("into a strided out, the elements between stay", () => {
  const out = { data: new Uint16Array(8 * 4 * 6).fill(9999), shape: [8, 4], stride: [24, 3] };
  openArraySync<"uint16">(filled()).getSync(null, { out });
  out.data.forEach((value, i) => {
    const column = (i % 24) / 3;
    const isElement = Number.isInteger(column) && column < 4;
    expect(value).toBe(isElement ? data[Math.floor(i / 24) * 4 + column] : 9999);
  });
  expect(decodeCalls()).toBe(1);
});

describe("what the kernel refuses", () => {
  test("a missing inner chunk is filled", () => {
    const store = filled();
    openArraySync(store).setSync([slice(0, 2), slice(0, 2)], 0);
    const expected = data.slice();
    for (const i of [0, 1, 4, 5]) expected[i] = 0;
    expect(openArraySync(store).getSync().data).toEqual(expected);
  });

  test("a corrupt one is named", () => {
    const store = filled();
    const value = store.getSync("/c/0/0")!.slice();
    value[12 * 3 + 2]! ^= 4;
    store.setSync("/c/0/0", value);
    expect(() => openArraySync(store).getSync()).toThrow(
      expect.objectContaining({ code: "CHECKSUM_MISMATCH", chunk: [1, 1], key: "/c/0/0", codec: "crc32c" }),
    );
    expect(decodeCalls()).toBe(1);
  });

  test("an entry that leaves the shard is named", () => {
    const store = filled();
    const value = store.getSync("/c/0/0")!.slice();
    const index = value.byteLength - 8 * 16 - 4;
    const words = new DataView(value.buffer);
    words.setUint32(index + 5 * 16, 4096, true);
    words.setUint32(index + 8 * 16, crc32c(value.subarray(index, index + 8 * 16)), true);
    store.setSync("/c/0/0", value);
    expect(() => openArraySync(store).getSync()).toThrow(
      expect.objectContaining({ code: "INVALID_SHARD_INDEX", chunk: [2, 1], key: "/c/0/0" }),
    );
  });
});

test("a shard of more than one window", () => {
  const store = new MemoryStore();
  const shape = [300, 200, 64];
  const array = createArraySync(store, {
    shape,
    shardShape: [320, 208, 64],
    chunkShape: [16, 16, 32],
    dataType: "uint16",
    compressors: ["crc32c"],
  });
  const large = Uint16Array.from({ length: 300 * 200 * 64 }, (_, i) => i * 7);
  array.setSync(null, large);
  const { data: read } = openArraySync<"uint16">(store).getSync();
  expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(large.buffer))).toBe(0);
  expect(decodeCalls()).toBeGreaterThan(5);
  expect(encodeCalls()).toBe(1);
});

test("shards that a scalar makes equal own their bytes, also beside one at the edge", () => {
  const store = new MemoryStore();
  createArraySync(store, { ...base, shape: [20, 4] }).setSync(null, 7);
  const keys = [...store.listSync("/c/")];
  const buffers = keys.map((key) => store.getSync(key)!.buffer);
  expect(keys).toHaveLength(3);
  expect(new Set(buffers).size).toBe(3);
  expect(encodeCalls()).toBe(2);
});
