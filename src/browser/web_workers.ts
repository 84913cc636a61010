/** Web Workers for the pool. */

import type { StartWorker } from "../workers/worker_port.js";

export const webWorkers: StartWorker = (data, onExit) => {
  const worker = new Worker(new URL("./pool_worker.js", import.meta.url), { type: "module", name: "syncodec" });
  worker.addEventListener("error", ({ message }) => onExit(message || "pool_worker.js cannot be loaded"));
  worker.postMessage(data);
  return {
    postMessage: (message) => worker.postMessage(message),
    terminate: () => worker.terminate(),
    // A page lives until it is left.
    keepAlive: () => undefined,
  };
};
