/** The pool of this thread. */

import { hostWorkers } from "./host_workers.js";
import { type Patience, Pool } from "./pool.js";
import type { StartWorker } from "./worker_port.js";

let start: StartWorker | undefined = hostWorkers;
let pool: Pool | undefined;

/** `undefined` where the host has no threads. No worker runs before the pool is asked to grow. */
export function currentPool(): Pool | undefined {
  if (start !== undefined) pool ??= new Pool(start);
  return pool;
}

/** Starts workers in another way from now on: Web Workers, or those of a test. Without `startWorker`, none. */
export function useWorkers(startWorker: StartWorker | undefined, patience?: Patience): void {
  pool?.close();
  start = startWorker;
  pool = start && new Pool(start, patience);
}
