/** Pools of workers for tests, and how to see what they did. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
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
