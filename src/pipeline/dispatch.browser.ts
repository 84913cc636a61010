/** Where jobs run in a browser: on the calling thread, unless `syncodec/browser` brings workers. */

import type { BoundChain } from "../codecs/codec.js";
import { currentDispatcher } from "./dispatcher.js";
import type { ChunkJob, Job } from "./plan.js";
import { runJob, runJobAsync } from "./transform.js";

export function isShared(chain: BoundChain, kind: ChunkJob["kind"], count: number, maxWorkers: number): boolean {
  return currentDispatcher()?.isShared(chain, kind, count, maxWorkers) ?? false;
}

export function mustYield(byteLength: number): boolean {
  return currentDispatcher()?.mustYield(byteLength) ?? false;
}

export function runJobs(jobs: readonly Job[], maxWorkers: number): void {
  const dispatcher = currentDispatcher();
  if (dispatcher !== undefined) dispatcher.runJobs(jobs, maxWorkers);
  else for (const job of jobs) runJob(job);
}

export async function runJobsAsync(
  jobs: readonly Job[],
  maxWorkers: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const dispatcher = currentDispatcher();
  if (dispatcher !== undefined) await dispatcher.runJobsAsync(jobs, maxWorkers, signal);
  else for (const job of jobs) await runJobAsync(job);
}
