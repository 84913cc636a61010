import { describe, expect, expectTypeOf, it } from "vitest";
import type { Mutable } from "zarrita";
import { MemoryStore } from "../../src/stores/memory.js";
import { describeStore } from "./store_suite.js";
import { asyncSurface, syncSurface } from "./surface.js";

describeStore("MemoryStore, synchronous", () => ({ surface: syncSurface(new MemoryStore()), close() {} }));
describeStore("MemoryStore, asynchronous", () => ({ surface: asyncSurface(new MemoryStore()), close() {} }));

describe("MemoryStore", () => {
  it("begins with the entries of a Map and leaves the Map alone", () => {
    const map = new Map([["/a", Uint8Array.of(1)]]);
    const store = new MemoryStore(map);
    store.setSync("/b", Uint8Array.of(2));
    store.setRangeSync("/a", Uint8Array.of(9), 0);
    expect([...store.listSync("/")]).toEqual(["/a", "/b"]);
    expect([...map]).toEqual([["/a", Uint8Array.of(1)]]);
  });

  it("hands out views, in which later patches show", () => {
    const store = new MemoryStore([["/a", Uint8Array.of(1, 2, 3)]]);
    expect(store.getSync("/a")).toBe(store.getSync("/a"));
    store.setRangeSync("/a", Uint8Array.of(8), 1);
    const view = store.getSync("/a", { offset: 1, length: 2 });
    store.setRangeSync("/a", Uint8Array.of(9), 1);
    expect(view).toEqual(Uint8Array.of(9, 3));
  });

  it("patches with views of the value itself as it was before", () => {
    const store = new MemoryStore([["/a", Uint8Array.of(1, 2, 3)]]);
    for (let turn = 0; turn < 3; turn++) {
      const value = store.getSync("/a") ?? new Uint8Array();
      const writes = [
        { offset: 0, bytes: value.subarray(1) },
        { offset: 2, bytes: value.subarray(0, 1) },
      ];
      store.patchSync("/a", { writes });
    }
    expect(store.getSync("/a")).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("is a store for zarrita", () => {
    expectTypeOf<MemoryStore>().toExtend<Mutable>();
    expect(new MemoryStore().get("/missing")).toBe(undefined);
  });
});
