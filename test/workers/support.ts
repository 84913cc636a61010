/** Pools of workers for tests, and how to see what they did. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { JobGroup } from "../../src/pipeline/worker_jobs.js";
import { currentPool, useWorkers } from "../../src/workers/current.js";
import type { Patience, Pool } from "../../src/workers/pool.js";
import { nodeWorkers } from "../../src/workers/worker_port.js";

/** The worker as it is published: threads run JavaScript, so it comes from dist/. */
export const workerUrl: URL = new URL("../../dist/worker.js", import.meta.url);

/** A worker of a test: it imports dist/ too. */
export function testWorker(name: string): URL {
  return new URL(`./${name}`, import.meta.url);
}

/** Puts a pool of `count` workers in the place of the present one, and resolves when all are ready. */
export async function startPool(count: number, url: URL = workerUrl, patience?: Patience): Promise<Pool> {
  if (!existsSync(fileURLToPath(workerUrl))) {
    throw new Error("dist/worker.js is missing: tests of workers need `npm run build` first, as `npm test` does it");
  }
  useWorkers(nodeWorkers(url), patience);
  const pool = currentPool();
  if (pool === undefined) throw new Error("this host has no worker threads");
  pool.grow(count);
  await untilReady(pool, count);
  return pool;
}

export async function untilReady(pool: Pool, count: number): Promise<void> {
  while (pool.lanes.filter(({ isReady }) => isReady).length < count) {
    if (pool.lanes.length < count) throw new Error("a worker did not start");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function stopPool(): void {
  useWorkers(nodeWorkers(workerUrl));
}

/** Jobs that workers did, and that came back to be run here. */
export interface Tally {
  done: number;
  returned: number;
}

/** Counts from now on; `stop` ends it. */
export function countJobs(): Tally & { stop(): void } {
  const { finish } = JobGroup.prototype;
  const stop = (): void => {
    JobGroup.prototype.finish = finish;
  };
  const tally = { done: 0, returned: 0, stop };
  JobGroup.prototype.finish = function (this: JobGroup, buffer): void {
    let returned = 0;
    if (buffer === undefined) returned = this.jobs.length;
    else {
      const words = new Float64Array(buffer);
      let start = 1;
      for (const job of this.jobs) {
        if (words[start + 1] === 0) returned++;
        start += job.words;
      }
    }
    tally.returned += returned;
    tally.done += this.jobs.length - returned;
    finish.call(this, buffer);
  };
  return tally;
}
