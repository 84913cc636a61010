/** On a machine that is busy with other programs, workers may make things slower: then they are left alone for a while. */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createArraySync, init, MemoryStore } from "../../src/index.js";
import type * as cost from "../../src/pipeline/cost.js";
import { JobGroup } from "../../src/pipeline/worker_jobs.js";
import { startPool, stopPool } from "./support.js";

// The clock stands still: nothing is to be learnt from that.
vi.mock("../../src/pipeline/cost.js", async (importOriginal) => ({
  ...(await importOriginal<typeof cost>()),
  learn: () => undefined,
}));

beforeAll(async () => {
  await init();
  await startPool(1);
});
afterAll(stopPool);

test("after three requests that were no faster, until some time has passed", () => {
  let clock = 0;
  let groups = 0;
  let delay = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
  const { write } = JobGroup.prototype;
  const handOut = vi.spyOn(JobGroup.prototype, "write").mockImplementation(function (this: JobGroup, ...args) {
    groups++;
    clock += delay;
    write.apply(this, args);
  });
  const noise = Uint8Array.from({ length: 8 * 65536 }, (_, i) => (Math.imul(i, 2654435761) >>> 15) & 255);
  const array = createArraySync(new MemoryStore(), {
    shape: [noise.length],
    chunkShape: [65536],
    dataType: "uint8",
    compressors: ["gzip"],
    maxWorkers: 2,
  });
  /** Whether a write hands anything out. */
  const isHelped = (): boolean => {
    const before = groups;
    array.setSync(null, noise);
    return groups > before;
  };
  try {
    expect([isHelped(), isHelped(), isHelped(), isHelped()]).toEqual([true, true, true, true]);
    delay = 10_000;
    expect([isHelped(), isHelped(), isHelped(), isHelped()]).toEqual([true, true, true, false]);
    clock += 20;
    expect([isHelped(), isHelped()]).toEqual([true, false]);
    clock += 15;
    expect(isHelped()).toBe(false);
    clock += 10;
    delay = 0;
    expect([isHelped(), isHelped()]).toEqual([true, true]);
  } finally {
    now.mockRestore();
    handOut.mockRestore();
  }
});
