/**
 * `syncodec/browser`: what needs a browser. Where the page is cross-origin isolated, importing it also lets calls run on Web Workers.
 *
 * @example
 * ```ts
 * import { OpfsStore } from "syncodec/browser";
 *
 * const store = await OpfsStore.open("image.zarr");
 * await store.set("/zarr.json", new TextEncoder().encode('{"zarr_format":3,"node_type":"group"}'));
 * ```
 */
import { hasSharedWorkers, isWindow, maySleep, nextTurn } from "./browser/thread.js";
import { webWorkers } from "./browser/web_workers.js";
import { useDispatcher } from "./pipeline/dispatcher.js";
import { setDefaultMaxWorkers } from "./pipeline/max_workers.js";
import { isShared, runJobs, runJobsAsync, useTurns } from "./pipeline/threaded_dispatch.js";
import { useWorkers } from "./workers/current.js";

export { HttpSyncStore, type HttpSyncStoreOptions } from "./browser/http_sync_store.js";
export { OpfsStore, type OpfsStoreOptions, SyncOpfsStore } from "./browser/opfs_store.js";
export type { Durability } from "./stores/durability.js";
export type { Keep, Recovery } from "./stores/durable.js";

/** Milliseconds that a window's thread decodes or encodes without a turn of its event loop. */
const longestPiece = 8;
/** Bytes that an asynchronous call decodes or encodes at once there: gzip takes about as long for them. */
const largestPiece = 2 ** 20;

const threads = hasSharedWorkers();
if (threads) useWorkers(webWorkers);
if (isWindow()) {
  // In a worker there are other threads already.
  if (threads) setDefaultMaxWorkers(navigator.hardwareConcurrency);
  useTurns({ milliseconds: longestPiece, next: nextTurn });
}
useDispatcher({
  isShared,
  mustYield: (byteLength) => isWindow() && byteLength > largestPiece,
  // A thread that may not sleep cannot wait for workers.
  runJobs: maySleep() ? runJobs : (jobs) => runJobs(jobs, 1),
  runJobsAsync,
});
