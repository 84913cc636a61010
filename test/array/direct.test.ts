/** The paths without a plan give what the plans give. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test, vi } from "vitest";
import { createArraySync, init, MemoryStore, openArraySync, type SyncStore, slice } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { randomArray, selectionOf } from "../support/arbitraries.js";
import { bytesOf } from "../support/reference_array.js";
import { snapshot } from "../support/snapshot.js";

beforeAll(() => init());

test("an empty selection writes nothing, at the end of an array too", () => {
  for (const chunkGrid of [[4], [[4, 6]]] as const) {
    const store = new MemoryStore();
    const array = createArraySync(store, { shape: [10], chunkGrid, dataType: "uint8" });
    const before = snapshot(store);
    for (const at of [0, 4, 10]) array.setSync([slice(at, at)], new Uint8Array(0));
    expect(snapshot(store)).toEqual(before);
    expect(array.getSync([slice(10, 10)])).toMatchObject({ shape: [0] });
  }
});

test("synchronous and asynchronous calls agree on every selection", async () => {
  const property = fc.asyncProperty(
    randomArray.chain((options) => fc.tuple(fc.constant(options), selectionOf(options.shape))),
    async ([options, selection]) => {
      const [direct, planned] = [new MemoryStore(), new MemoryStore()];
      const one = createArraySync(direct, options);
      const other = createArraySync(planned, { ...options, pipeline: "batched" });
      const source = one.newChunk(one.shape);
      const bytes = bytesOf(source.data);
      for (let i = 0; i < bytes.length; i++) bytes[i] = i % 2;
      one.setSync(null, source);
      await other.set(null, source);
      expect(snapshot(direct)).toEqual(snapshot(planned));
      // Twice: the second time the index of a shard is known.
      for (let i = 0; i < 2; i++) expect(one.getSync(selection)).toEqual(await other.get(selection));
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("small values of a MemoryStore share a buffer, others and those of other stores do not", () => {
  const options = { shape: [64], chunkShape: [16], dataType: "float64" } as const;
  const numbers = Float64Array.from({ length: 64 }, (_, i) => i + 1);
  const [store, map] = [new MemoryStore(), new Map<string, Uint8Array>()];
  for (const each of [store, map]) createArraySync(each, options).setSync(null, numbers);
  const buffers = [0, 1, 2, 3].map((i) => store.getSync(`/c/${i}`)!.buffer);
  expect(new Set(buffers).size).toBe(1);
  for (let i = 0; i < 4; i++) {
    expect(store.getSync(`/c/${i}`)!.byteOffset % 8).toBe(0);
    expect(map.get(`/c/${i}`)!.buffer.byteLength).toBe(128);
  }
  openArraySync(store).setSync([slice(16, 20)], 0);
  const expected = numbers.slice().fill(0, 16, 20);
  expect(openArraySync(store).getSync().data).toEqual(expected);
});

test("a single chunk that lies in memory is read without a range", () => {
  const store = new MemoryStore();
  const array = createArraySync(store, { shape: [64], chunkShape: [4], shardShape: [32], dataType: "uint8" });
  array.setSync(
    null,
    Uint8Array.from({ length: 64 }, (_, i) => i),
  );
  expect(array.getSync([slice(8, 24)])).toMatchObject({ data: Uint8Array.from({ length: 16 }, (_, i) => i + 8) });
  const read = vi.spyOn(store, "getSync");
  expect(array.getSync([slice(8, 24)])).toMatchObject({ data: Uint8Array.from({ length: 16 }, (_, i) => i + 8) });
  expect(read).not.toHaveBeenCalled();
});

test("only a store that copies values is given views of the caller's array", () => {
  class Copying implements SyncStore {
    readonly values = new Map<string, Uint8Array>();
    given: Uint8Array[] = [];
    readonly copiesValues: boolean;
    constructor(copiesValues: boolean) {
      this.copiesValues = copiesValues;
    }
    getSync(key: string): Uint8Array | undefined {
      return this.values.get(key);
    }
    setSync(key: string, value: Uint8Array): void {
      this.given.push(value);
      this.values.set(key, value.slice());
    }
    deleteSync(key: string): void {
      this.values.delete(key);
    }
  }
  const numbers = Float64Array.from({ length: 70 }, (_, i) => i);
  for (const copiesValues of [true, false]) {
    const store = new Copying(copiesValues);
    const array = createArraySync(store, { shape: [70], chunkShape: [16], dataType: "float64" });
    store.given = [];
    array.setSync(null, numbers);
    // The first chunk begins with a fill value, the last one has elements outside of the array.
    const isView = store.given.map(({ buffer }) => buffer === numbers.buffer);
    expect(isView).toEqual([false, copiesValues, copiesValues, copiesValues, false]);
    expect(array.getSync().data).toEqual(numbers);
  }
});

test("files are written from the caller's array, shared memory too", () => {
  const root = mkdtempSync(join(tmpdir(), "syncodec-"));
  try {
    const array = createArraySync(new LocalStore(root), { shape: [20], chunkShape: [6], dataType: "int16" });
    for (const useSharedArrayBuffer of [false, true]) {
      const chunk = array.newChunk([20], { useSharedArrayBuffer });
      for (let i = 0; i < 20; i++) chunk.data[i] = i - 7;
      array.setSync(null, chunk);
      const expected = chunk.data.slice();
      chunk.data.fill(99);
      expect(array.getSync().data).toEqual(Int16Array.from(expected));
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
