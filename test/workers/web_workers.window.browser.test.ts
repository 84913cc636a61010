/** A window: its thread may not sleep, and must not be busy for long. */

import { beforeAll, expect, test } from "vitest";
import "../../src/browser.js";
import { OpfsStore, SyncOpfsStore } from "../../src/browser.js";
import { configure, createArray, MemoryStore, openArray } from "../../src/index.js";
import { currentPool } from "../../src/workers/current.js";
import { countJobs } from "./count_jobs.js";

// The other tests want one thread.
beforeAll(() => configure({ codecPipeline: { maxWorkers: 3 } }));

/** `toEqual` takes seconds for a million elements. */
function isEqual(found: Int32Array, expected: Int32Array): boolean {
  return found.length === expected.length && found.every((value, i) => value === expected[i]);
}

const length = 25 * 2 ** 20;
const values = Int32Array.from({ length }, (_, i) => (i * 7919) & 0xff);

/** Milliseconds between two turns of the event loop, at most, while `body` runs. */
async function longestBlock(body: () => Promise<void>): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  let longest = 0;
  let last = performance.now();
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    port2.postMessage(undefined);
  };
  port2.postMessage(undefined);
  await body();
  port1.close();
  return Math.max(longest, performance.now() - last);
}

test("100 MB are read by workers while the event loop turns", async () => {
  const store = new MemoryStore();
  const options = { shape: [length], chunkShape: [2 ** 16], dataType: "int32", compressors: ["gzip"] } as const;
  await (await createArray(store, options)).set(null, values);
  const pool = currentPool();
  pool?.grow(2);
  while (pool?.lanes.some(({ isReady }) => !isReady)) await new Promise((resolve) => setTimeout(resolve));
  const array = await openArray<"int32">(store);
  const tally = countJobs();
  const out = array.newChunk([length]);
  const blocks: number[] = [];
  // Workers that were slow, because the machine is busy otherwise, are left alone for a while.
  while (blocks.length < 3 || tally.done === 0) {
    const block = await longestBlock(async () => {
      await array.get(null, { out });
    });
    blocks.push(block);
  }
  tally.stop();
  expect(isEqual(out.data, values)).toBe(true);
  console.log(`longest block of the window's thread: ${blocks.map((each) => each.toFixed(1)).join(", ")} ms`);
});

test("synchronous calls run on this thread", async () => {
  const store = new MemoryStore();
  const options = { shape: [2 ** 20], chunkShape: [2 ** 14], dataType: "int32", compressors: ["gzip"] } as const;
  const array = await createArray(store, options);
  const part = values.subarray(0, 2 ** 20);
  array.setSync(null, part);
  const tally = countJobs();
  expect(isEqual(array.getSync().data, part)).toBe(true);
  tally.stop();
  expect(tally.done).toBe(0);
});

test("OpfsStore is asynchronous", async () => {
  const store = await OpfsStore.open("window");
  expect(store).not.toBeInstanceOf(SyncOpfsStore);
  const array = await createArray(store, { shape: [8], chunkShape: [4], dataType: "uint8" });
  await array.set(null, 3);
  expect((await array.get()).data).toEqual(new Uint8Array(8).fill(3));
  expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
});
