/** What only synchronous calls need, and asynchronous ones on stores that answer at once. */

export { readChunks, readSingle } from "./direct_read.js";
export { runAnewSync, runPure, runSync } from "./sync_driver.js";
