/** Where jobs run in a browser: all on the calling thread. */

import type { Job } from "./plan.js";
import { runJob, runJobAsync } from "./transform.js";

export function isShared(): boolean {
  return false;
}

export function runJobs(jobs: readonly Job[]): void {
  for (const job of jobs) runJob(job);
}

export async function runJobsAsync(jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) await runJobAsync(job);
}
