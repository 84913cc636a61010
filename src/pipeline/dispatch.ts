/** Where jobs run in Node.js: on workers too, where that saves time. */

export { isShared, runJobs, runJobsAsync } from "./threaded_dispatch.js";

/** Whether a thread with so many bytes to decode or encode must let its event loop turn meanwhile. */
export function mustYield(_byteLength: number): boolean {
  return false;
}
