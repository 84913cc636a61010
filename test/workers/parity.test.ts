/** Every job that can cross to a worker does so here, however small, and gives the very bytes that it gives inline. */

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type CodecOption,
  createArraySync,
  DataError,
  init,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
  registerCodec,
  slice,
} from "../../src/index.js";
import type * as cost from "../../src/pipeline/cost.js";
import { elementsOf, randomArray, selectionOf } from "../support/arbitraries.js";
import { bytesOf, selectionShape } from "../support/reference_array.js";
import { chunkKeys, snapshot } from "../support/snapshot.js";
import { countJobs } from "./count_jobs.js";
import { startPool, stopPool } from "./support.js";

// Work that is said to be dear goes to workers.
vi.mock("../../src/pipeline/cost.js", async (importOriginal) => {
  const actual = await importOriginal<typeof cost>();
  class Dear extends actual.CostEstimate {
    override of(job: Parameters<cost.CostEstimate["of"]>[0]): number {
      return super.of(job) * 1e4;
    }
  }
  const stepsCost: typeof actual.stepsCost = (...of) => actual.stepsCost(...of) * 1e4;
  return { ...actual, CostEstimate: Dear, stepsCost, learn: () => undefined, wasFaster: () => true };
});

const tally = countJobs();
const maxWorkers = 3;

beforeAll(async () => {
  await init();
  await startPool(maxWorkers - 1);
});
beforeEach(() => {
  tally.done = 0;
  tally.returned = 0;
});
afterAll(() => {
  tally.stop();
  stopPool();
});

/** Repeats `body` until a worker was quick enough to do a part of it. */
function untilUsed(body: () => void): void {
  for (const { done } = tally; tally.done === done; ) body();
}

test("random arrays: writes and reads of a selection", () => {
  fc.assert(
    fc.property(
      randomArray.chain((options) => fc.tuple(fc.constant(options), selectionOf(options.shape), fc.nat())),
      ([options, selection, seed]) => {
        const [aloneStore, pooledStore] = [new MemoryStore(), new MemoryStore()];
        const alone = createArraySync(aloneStore, { ...options, maxWorkers: 1 });
        const pooled = createArraySync(pooledStore, { ...options, maxWorkers });
        const shape = selectionShape(selection, options.shape);
        const count = shape.reduce((product, length) => product * length, 1);
        const { fillValue } = alone.metadata;
        const fill = fillValue instanceof Uint8Array ? fillValue : new Uint8Array(1);
        const source = alone.newChunk(shape);
        const check = (): void => expect(snapshot(pooledStore)).toEqual(snapshot(aloneStore));
        // The second write meets what the first has left.
        for (const each of [seed, seed + 1]) {
          bytesOf(source.data).set(elementsOf(alone.dataType, fill, count, each));
          alone.setSync(selection, source);
          pooled.setSync(selection, source);
          check();
        }
        const [expected, found] = [alone.newChunk(options.shape), pooled.newChunk(options.shape)];
        alone.getSync(null, { out: expected });
        pooled.getSync(null, { out: found });
        expect(bytesOf(found.data)).toEqual(bytesOf(expected.data));
        const shared = pooled.newChunk(shape, { useSharedArrayBuffer: true });
        pooled.getSync(selection, { out: shared });
        const selected = alone.newChunk(shape);
        alone.getSync(selection, { out: selected });
        expect(bytesOf(shared.data).slice()).toEqual(bytesOf(selected.data));
        alone.setSync(selection, selected);
        pooled.setSync(selection, shared);
        check();
      },
    ),
    { numRuns: 150 },
  );
  expect(tally.done).toBeGreaterThan(300);
  expect(tally.returned).toBe(0);
});

const gzip: CodecOption = { name: "gzip", configuration: { level: 1 } };
const counts = { chunks: 16, length: 500 };
const shape = [counts.chunks * counts.length];
const numbers = Int32Array.from({ length: shape[0]! }, (_, i) => Math.round(1000 * Math.sin(i / 50)));

function filled(codecs: readonly CodecOption[], store = new MemoryStore(), shardShape?: number[]): MemoryStore {
  const array = createArraySync(store, {
    shape,
    chunkShape: [counts.length],
    dataType: "int32",
    codecs: ["bytes", ...codecs],
    ...(shardShape === undefined ? {} : { shardShape }),
  });
  array.setSync(null, numbers, { maxWorkers });
  return store;
}

describe("data types and codecs", () => {
  test.each<[string, readonly CodecOption[]]>([
    ["blosc", ["blosc"]],
    ["zlib of Zarr v2", [{ name: "numcodecs.shuffle", configuration: { elementsize: 4 } }, "zlib"]],
    ["LZ4", ["numcodecs.lz4"]],
    ["zstd with a checksum", [{ name: "zstd", configuration: { level: 3, checksum: true } }, "crc32c"]],
  ])("%s", async (_, codecs) => {
    const array = await openArray(filled(codecs));
    untilUsed(() => expect(array.getSync(null, { maxWorkers }).data).toEqual(numbers));
    expect(tally.returned).toBe(0);
  });

  test("an array of Zarr v2 with big-endian numbers and filters", () => {
    const array = createArraySync(new MemoryStore(), {
      zarrFormat: 2,
      shape,
      chunkShape: [counts.length],
      dataType: "int32",
      serializer: { name: "bytes", configuration: { endian: "big" } },
      filters: ["delta"],
      compressors: ["zlib"],
      maxWorkers,
    });
    untilUsed(() => array.setSync(null, numbers));
    untilUsed(() => expect(array.getSync().data).toEqual(numbers));
    expect(tally.returned).toBe(0);
  });

  test("structs with fields in both byte orders, texts of any length and users' codecs stay on this thread", () => {
    const text = createArraySync(new MemoryStore(), {
      shape: [8],
      chunkShape: [1],
      dataType: "string",
      compressors: [gzip],
      maxWorkers,
    });
    text.setSync(null, { data: [..."abcdefgh"], shape: [8], stride: [1] });
    expect(text.getSync().data).toEqual([..."abcdefgh"]);
    const remove = registerCodec({
      name: "test.same",
      kind: "bytes_to_bytes",
      fromConfig: () => ({ encodeSync: (bytes: Uint8Array) => bytes, decodeSync: (bytes: Uint8Array) => bytes }),
    });
    const store = filled([gzip, "test.same"]);
    remove();
    expect(chunkKeys(store)).toHaveLength(counts.chunks);
    expect(tally.done).toBe(0);
  });
});

describe("errors", () => {
  /** The error of a read on `workers` threads, as it shows itself. */
  function failure(store: MemoryStore, workers: number): unknown {
    const array = openArraySync(store);
    try {
      array.getSync(null, { maxWorkers: workers });
    } catch (error) {
      return error;
    }
    throw new Error("the read was to fail");
  }

  test.each([undefined, shape] as const)(
    "the first bad chunk in order is named as inline (shards: %o)",
    (shardShape) => {
      fc.assert(
        fc.property(
          fc.uniqueArray(fc.nat(counts.chunks - 1), { minLength: 1, maxLength: 4 }),
          fc.nat(),
          (bad, seed) => {
            const store = filled([gzip, "crc32c"], new MemoryStore(), shardShape && [...shardShape]);
            for (const number of bad) {
              const key = shardShape === undefined ? `/c/${number}` : "/c/0";
              const value = Uint8Array.from(store.getSync(key)!);
              const at = shardShape === undefined ? seed % value.length : (number * 997 + seed) % (value.length - 300);
              value[at]! ^= 1;
              store.setSync(key, value);
            }
            const [expected, found] = [failure(store, 1), failure(store, maxWorkers)];
            expect(expected).toBeInstanceOf(DataError);
            expect(found).toBeInstanceOf(DataError);
            expect({ ...(found as DataError), message: (found as DataError).message }).toEqual({
              ...(expected as DataError),
              message: (expected as DataError).message,
            });
          },
        ),
        { numRuns: 30 },
      );
      expect(tally.returned).toBeGreaterThan(0);
    },
  );
});

describe("asynchronous calls", () => {
  test("several at once share the pool", async () => {
    const store = filled([gzip]);
    const array = await openArray(new LatencyStore(store), { pipeline: "batched", maxWorkers });
    const parts = await Promise.all(Array.from({ length: 6 }, (_, i) => array.get([slice(i * 700, i * 700 + 4000)])));
    parts.forEach((part, i) => {
      expect(part).toEqual({ data: numbers.slice(i * 700, i * 700 + 4000), shape: [4000], stride: [1] });
    });
    await Promise.all([array.set([slice(0, 4000)], 7), array.set([slice(4000, 8000)], 8)]);
    const { data } = await array.get();
    expect([...data].map((value, i) => value === (i < 4000 ? 7 : 8))).not.toContain(false);
    expect(tally.done).toBeGreaterThan(0);
    expect(tally.returned).toBe(0);
  });

  test("a synchronous call in between works", async () => {
    const store = filled([gzip]);
    const array = await openArray(store, { pipeline: "batched", maxWorkers });
    const pending = Array.from({ length: 4 }, () => array.get());
    await Promise.resolve();
    expect(openArraySync(store).getSync(null, { maxWorkers }).data).toEqual(numbers);
    for (const { data } of await Promise.all(pending)) expect(data).toEqual(numbers);
  });

  test("an abort is thrown when no worker writes any more", async () => {
    const store = filled([gzip]);
    const array = await openArray<"int32">(store, { pipeline: "batched", maxWorkers });
    const controller = new AbortController();
    const out = array.newChunk(shape, { useSharedArrayBuffer: true });
    const pending = array.get(null, { out, signal: controller.signal });
    queueMicrotask(() => controller.abort(new Error("enough")));
    await expect(pending).rejects.toThrow("enough");
    const before = bytesOf(out.data).slice();
    expect(openArraySync(store).getSync(null, { maxWorkers }).data).toEqual(numbers);
    expect(bytesOf(out.data).slice()).toEqual(before);
  });
});
