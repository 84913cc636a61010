/** Proof that the work is done by the WebAssembly kernels: how often reads and writes call each of them. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type CreateArrayOptions, createArraySync, init, MemoryStore, slice } from "../../src/index.js";
import { type BulkKernels, bulkKernels } from "../../src/wasm/bulk_kernels.js";
import type { Kernels } from "../../src/wasm/kernels.js";
import { currentMemory } from "../../src/wasm/memory.js";

const coreNames = ["byteswap2", "byteswap4", "byteswap8", "crc32c"] as const satisfies readonly (keyof Kernels)[];
const bulkNames = [
  "encodeShardIndex",
  "decodeShard",
  "encodeShard",
  "patchSlots",
  "mortonOrder",
  "isFilled",
  "copyStrided",
] as const satisfies readonly (keyof BulkKernels)[];
type KernelName = (typeof coreNames)[number] | (typeof bulkNames)[number];

beforeEach(async () => {
  await init();
  const memory = currentMemory();
  for (const name of coreNames) vi.spyOn(memory.kernels, name);
  for (const name of bulkNames) vi.spyOn(memory.kernelsOf(bulkKernels), name);
});
afterEach(() => vi.restoreAllMocks());

/** Calls of each kernel since the last time; kernels that were not called are left out. */
function calls(): Partial<Record<KernelName, number>> {
  const kernels = { ...currentMemory().kernelsOf(bulkKernels), ...currentMemory().kernels };
  const entries = [...coreNames, ...bulkNames].map((name) => {
    const spy = vi.mocked(kernels[name]);
    const count = spy.mock.calls.length;
    spy.mockClear();
    return [name, count] as const;
  });
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

const big = { name: "bytes", configuration: { endian: "big" } } as const;

/** One shard of four inner chunks. */
const sharded = {
  shape: [4, 4],
  shardShape: [4, 4],
  chunkShape: [2, 2],
  serializer: big,
  compressors: ["crc32c"],
  dataType: "int32",
} as const satisfies CreateArrayOptions;

const ascending = Int32Array.from({ length: 16 }, (_, i) => i + 1);

describe("a big-endian shard with checksums", () => {
  test("written whole: one call for the shard, one checksum for its index, one order", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    array.setSync(null, ascending);
    expect(calls()).toEqual({ encodeShard: 1, crc32c: 1, mortonOrder: 1 });
    array.setSync(null, ascending);
    expect(calls(), "the order is computed once per grid").toEqual({ encodeShard: 1, crc32c: 1 });
  });

  test("read whole: one call for the shard, one checksum for its index", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    array.setSync(null, ascending);
    calls();
    expect(array.getSync().data).toEqual(ascending);
    expect(calls()).toEqual({ decodeShard: 1, crc32c: 1 });
  });

  test("written in part: one swap and one checksum per inner chunk, one checksum, one layout and one order per shard", () => {
    const array = createArraySync(new MemoryStore(), { ...sharded, patch: false });
    array.setSync([slice(0, 2)], ascending.subarray(0, 8));
    expect(calls()).toEqual({ byteswap4: 2, crc32c: 3, encodeShardIndex: 1, mortonOrder: 1 });
    array.setSync([slice(2, 4)], ascending.subarray(0, 8));
    expect(calls(), "the order is computed once per grid").toEqual({ byteswap4: 2, crc32c: 4, encodeShardIndex: 1 });
  });

  test("appended to: one swap and one checksum per inner chunk, one checksum for each index", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    array.setSync([slice(0, 2)], ascending.subarray(0, 8));
    calls();
    array.setSync([slice(2, 4)], ascending.subarray(0, 8));
    expect(calls()).toEqual({ byteswap4: 2, crc32c: 4 });
  });

  test("read: one checksum and one swap per inner chunk that is touched, one checksum per index", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    array.setSync(null, ascending);
    calls();
    expect(array.getSync([slice(0, 2)])).toMatchObject({ data: ascending.subarray(0, 8) });
    expect(calls()).toEqual({ byteswap4: 2, crc32c: 3 });
    expect(array.getSync([3, 3])).toBe(16);
    expect(calls(), "the index is known").toEqual({ byteswap4: 1, crc32c: 1 });
  });

  test("patched: the slots by one call, nothing else once the index is known", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    array.setSync(null, ascending);
    array.getSync([0, 0]);
    calls();
    array.setSync([slice(1, 3)], ascending.subarray(0, 8));
    expect(calls(), "the first one needs the checksum of the index").toEqual({ patchSlots: 1, crc32c: 1 });
    array.setSync([slice(1, 3)], ascending.subarray(0, 8));
    expect(calls()).toEqual({ patchSlots: 1 });
    expect(array.getSync([slice(1, 3)])).toMatchObject({ data: ascending.subarray(0, 8) });
  });

  test("the empty rule looks at all of a chunk only if it begins like the fill value", () => {
    const array = createArraySync(new MemoryStore(), sharded);
    const values = ascending.slice();
    values[0] = 0;
    array.setSync([slice(0, 2)], values.subarray(0, 8));
    expect(calls()).toEqual({ byteswap4: 2, crc32c: 3, encodeShardIndex: 1, mortonOrder: 1, isFilled: 1 });
  });
});

describe("shards of elements of several numbers", () => {
  const struct = (...types: string[]) => ({
    name: "struct" as const,
    configuration: { fields: types.map((data_type, i) => ({ name: `f${i}`, data_type })) },
  });
  const text = { name: "fixed_length_utf32", configuration: { length_bytes: 12 } } as const;

  test.each([
    ["complex64", "complex64"],
    ["complex128", "complex128"],
    ["fixed_length_utf32", text],
    ["raw bytes", "r24"],
    ["a struct of numbers of one size", struct("float32", "int32", "complex64")],
  ] as const)("%s: one kernel call a shard, in any byte order", (_, dataType) => {
    const array = createArraySync(new MemoryStore(), { ...sharded, dataType });
    const { data } = array.newChunk([4, 4]);
    array.setSync(null, data);
    expect(calls(), "an empty shard has no index").toEqual({ encodeShard: 1, mortonOrder: 1 });
    const full = createArraySync(new MemoryStore(), { ...sharded, dataType, writeEmptyChunks: true });
    full.setSync(null, data);
    expect(calls()).toMatchObject({ encodeShard: 1 });
    full.getSync();
    expect(calls()).toMatchObject({ decodeShard: 1 });
    full.setSync([slice(1, 3)], full.newChunk([2, 4]));
    expect(calls()).toMatchObject({ patchSlots: 1 });
  });

  test("a struct of two sizes: every run of numbers is gathered, swapped and put back", () => {
    const array = createArraySync(new MemoryStore(), { ...sharded, dataType: struct("int16", "float64", "int8") });
    array.setSync(null, { f0: 1, f1: 2, f2: 3 });
    // A scalar is encoded once. Two copies and one swap for each of the two runs.
    expect(calls()).toMatchObject({ byteswap2: 1, byteswap8: 1, copyStrided: 4 });
    expect(array.getSync([3, 3])).toEqual({ f0: 1, f1: 2, f2: 3 });
    expect(calls()).toEqual({ byteswap2: 1, byteswap8: 1, copyStrided: 4, crc32c: 2 });
  });

  test("and little-endian by one kernel call", () => {
    const { serializer: _, ...little } = sharded;
    const array = createArraySync(new MemoryStore(), { ...little, dataType: struct("int16", "float64", "int8") });
    array.setSync(null, array.newChunk([4, 4]));
    expect(calls()).toMatchObject({ encodeShard: 1 });
  });
});

describe("without a shard", () => {
  test.each([
    ["int8", {}],
    ["int16", { byteswap2: 1 }],
    ["float32", { byteswap4: 1 }],
    ["float64", { byteswap8: 1 }],
  ] as const)("big-endian %s is swapped by its width", (dataType, expected) => {
    const array = createArraySync(new MemoryStore(), { shape: [4], chunkShape: [4], dataType, serializer: big });
    array.setSync(null, 1);
    expect(calls()).toEqual(expected);
    expect([...array.getSync().data]).toEqual([1, 1, 1, 1]);
    expect(calls()).toEqual(expected);
  });

  test("transpose: one strided copy per chunk in each direction", () => {
    const filters = [{ name: "transpose", configuration: { order: [1, 0] } }];
    const array = createArraySync(new MemoryStore(), { shape: [4, 6], chunkShape: [2, 3], dataType: "int32", filters });
    const values = Int32Array.from({ length: 24 }, (_, i) => i + 1);
    array.setSync(null, values);
    expect(calls()).toEqual({ copyStrided: 4 });
    expect(array.getSync().data).toEqual(values);
    expect(calls()).toEqual({ copyStrided: 4 });
  });

  test("little-endian bytes need no kernel", () => {
    const array = createArraySync(new MemoryStore(), { shape: [4], chunkShape: [4], dataType: "int32" });
    array.setSync(null, ascending.subarray(0, 4));
    expect(array.getSync().data).toEqual(ascending.slice(0, 4));
    expect(calls()).toEqual({});
  });
});
