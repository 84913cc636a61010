/** The paths without a plan give what the plans give. */

import fc from "fast-check";
import { beforeAll, expect, test, vi } from "vitest";
import { createArraySync, init, MemoryStore, openArraySync, slice } from "../../src/index.js";
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
