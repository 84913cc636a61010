/** The pool with Web Workers, seen from a worker that may sleep. */

import { afterAll, beforeAll, expect, test } from "vitest";
import "../../src/browser.js";
import { createArraySync, LatencyStore, MemoryStore, openArray, openArraySync } from "../../src/index.js";
import { currentPool } from "../../src/workers/current.js";
import type { Pool } from "../../src/workers/pool.js";
import { countJobs } from "./count_jobs.js";

const tally = countJobs();
/** `toEqual` takes seconds for a million elements. */
function isEqual(found: Int32Array, expected: Int32Array): boolean {
  return found.length === expected.length && found.every((value, i) => value === expected[i]);
}

const length = 2 ** 19;
const values = Int32Array.from({ length }, (_, i) => (i * 7919) & 0xffff);
const maxWorkers = 3;

function poolOfThread(): Pool {
  const pool = currentPool();
  if (pool === undefined) throw new Error("no pool");
  return pool;
}

async function untilReady(count: number): Promise<void> {
  const pool = poolOfThread();
  pool.grow(count);
  while (pool.lanes.filter(({ isReady }) => isReady).length < count) {
    if (pool.lanes.length < count) throw new Error("a worker did not start");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

beforeAll(() => untilReady(maxWorkers - 1));
afterAll(() => tally.stop());

const chains = [["gzip"], ["zstd", "crc32c"]];

/** Repeats `body` until a worker was quick enough to do a part of it. */
async function untilUsed(body: () => Promise<void> | void): Promise<void> {
  for (const { done } = tally; tally.done === done; ) await body();
}

test.each(chains)("synchronous calls are helped: %j", async (...compressors) => {
  const store = new MemoryStore();
  const options = {
    shape: [length],
    shardShape: [length],
    chunkShape: [2 ** 13],
    dataType: "int32",
    maxWorkers,
  } as const;
  const array = createArraySync(store, { ...options, compressors });
  await untilUsed(() => array.setSync(null, values));
  await untilUsed(() => expect(isEqual(array.getSync().data, values)).toBe(true));
  await untilUsed(() => {
    const { data } = array.getSync(null, { useSharedArrayBuffer: true });
    expect(isEqual(Int32Array.from(data), values)).toBe(true);
  });
  expect(isEqual(openArraySync<"int32">(store, { maxWorkers: 1 }).getSync().data, values)).toBe(true);
  expect(tally.returned).toBe(0);
});

test("so are asynchronous ones", async () => {
  const store = new MemoryStore();
  const options = { shape: [length], chunkShape: [2 ** 14], dataType: "int32", compressors: ["gzip"] } as const;
  createArraySync(store, options).setSync(null, values);
  const array = await openArray<"int32">(new LatencyStore(store), { maxWorkers });
  await untilUsed(async () => expect(isEqual((await array.get()).data, values)).toBe(true));
});

test("a worker that ends is missed by nobody", async () => {
  const store = new MemoryStore();
  const options = {
    shape: [length],
    chunkShape: [2 ** 14],
    dataType: "int32",
    compressors: ["gzip"],
    maxWorkers,
  } as const;
  const array = createArraySync(store, options);
  array.setSync(null, values);
  poolOfThread().lanes[0]!.giveUp();
  await untilUsed(() => expect(isEqual(array.getSync().data, values)).toBe(true));
  await untilReady(maxWorkers - 1);
});
