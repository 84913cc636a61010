import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import type { Mutable } from "zarrita";
import { LocalStore } from "../../src/node/local_store.js";
import { LatencyStore } from "../../src/stores/latency.js";
import { MemoryStore } from "../../src/stores/memory.js";
import type { SyncStore } from "../../src/stores/store.js";
import { describeStore } from "./store_suite.js";
import { asyncSurface } from "./surface.js";

/** Only the synchronous side of a store. */
function syncOnly(store: MemoryStore): SyncStore {
  return {
    getSync: (key, range) => store.getSync(key, range),
    setSync: (key, value) => store.setSync(key, value),
    deleteSync: (key) => store.deleteSync(key),
    listSync: (prefix) => store.listSync(prefix),
    sizeSync: (key) => store.sizeSync(key),
    setRangeSync: (key, value, offset) => store.setRangeSync(key, value, offset),
    patchSync: (key, patch) => store.patchSync(key, patch),
    lockSync: () => () => {},
  };
}

describeStore("LatencyStore over MemoryStore", () => ({
  surface: asyncSurface(new LatencyStore(new MemoryStore())),
  close() {},
}));
describeStore("LatencyStore over a synchronous store", () => ({
  surface: asyncSurface(new LatencyStore(syncOnly(new MemoryStore()))),
  close() {},
}));
describeStore("LatencyStore over a Map", () => ({ surface: asyncSurface(new LatencyStore(new Map())), close() {} }));
describeStore("LatencyStore over LocalStore", () => {
  const root = mkdtempSync(join(tmpdir(), "syncodec-"));
  const store = new LatencyStore(new LocalStore(root, { durability: "none" }));
  return { surface: asyncSurface(store), close: () => rmSync(root, { recursive: true }) };
});

describe("LatencyStore", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function elapsed(request: Promise<unknown>): Promise<number> {
    const start = Date.now();
    let end = Number.NaN;
    const done = request.then(() => {
      end = Date.now();
    });
    await vi.runAllTimersAsync();
    await done;
    return end - start;
  }

  it("waits getMs before reads and setMs before writes", async () => {
    const store = new LatencyStore(new MemoryStore([["/a", new Uint8Array(4)]]), { getMs: 20, setMs: 50 });
    expect(await elapsed(store.get("/a"))).toBe(20);
    expect(await elapsed(store.getRange("/a", { suffixLength: 1 }))).toBe(20);
    expect(await elapsed(store.size?.("/a") ?? Promise.reject())).toBe(20);
    expect(await elapsed(store.set("/b", new Uint8Array(1)))).toBe(50);
    expect(await elapsed(store.setRange?.("/b", new Uint8Array(1), 0) ?? Promise.reject())).toBe(50);
    expect(await elapsed(store.patch?.("/b", { writes: [] }) ?? Promise.reject())).toBe(50);
    expect(await elapsed(store.delete("/b"))).toBe(50);
  });

  it("answers requests side by side", async () => {
    const store = new LatencyStore(new MemoryStore(), { getMs: 20 });
    expect(await elapsed(Promise.all([store.get("/a"), store.get("/b"), store.get("/c")]))).toBe(20);
  });

  it("does not answer within the call, even without latency", () => {
    const store = new LatencyStore(new Map([["/a", new Uint8Array(1)]]));
    expect(store.get("/a")).toBeInstanceOf(Promise);
    expect("getSync" in store).toBe(false);
  });

  it("stops waiting when the signal aborts", async () => {
    const store = new LatencyStore(new MemoryStore(), { getMs: 1000 });
    const controller = new AbortController();
    const reason = new Error("enough");
    const request = store.get("/a", { signal: controller.signal });
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    await expect(store.getRange("/a", { suffixLength: 1 }, { signal: controller.signal })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has the capabilities of the store it wraps, and no others", () => {
    const overMap = new LatencyStore(new Map());
    expect([overMap.patch, overMap.setRange, overMap.lock]).toEqual([undefined, undefined, undefined]);
    expect([overMap.list, overMap.size]).toEqual([expect.any(Function), expect.any(Function)]);
    const readOnly = new LatencyStore({ get: () => undefined });
    expect([readOnly.list, readOnly.size, readOnly.patch]).toEqual([undefined, undefined, undefined]);
    const full = new LatencyStore(syncOnly(new MemoryStore()));
    expect([full.patch, full.setRange, full.lock]).toEqual(Array(3).fill(expect.any(Function)));
  });

  it("refuses to write to a read-only store", async () => {
    const store = new LatencyStore({ get: () => undefined });
    await expect(store.set("/a", new Uint8Array(1))).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a" });
    await expect(store.delete("/a")).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a" });
  });

  it("is a store for zarrita", () => {
    expectTypeOf<LatencyStore>().toExtend<Mutable>();
  });
});
