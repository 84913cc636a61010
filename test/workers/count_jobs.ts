/** How to see what workers did. */

import { JobGroup } from "../../src/pipeline/worker_jobs.js";

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
