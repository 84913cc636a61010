/** Where jobs run in a browser, once it has been told. */

import type { BoundChain } from "../codecs/codec.js";
import type { ChunkJob, Job } from "./plan.js";

/** As the functions of `dispatch.ts`. */
export interface Dispatcher {
  isShared(chain: BoundChain, kind: ChunkJob["kind"], count: number, maxWorkers: number): boolean;
  mustYield(byteLength: number): boolean;
  runJobs(jobs: readonly Job[], maxWorkers: number): void;
  runJobsAsync(jobs: readonly Job[], maxWorkers: number, signal: AbortSignal | undefined): Promise<void>;
}

let current: Dispatcher | undefined;

export function currentDispatcher(): Dispatcher | undefined {
  return current;
}

export function useDispatcher(dispatcher: Dispatcher | undefined): void {
  current = dispatcher;
}
