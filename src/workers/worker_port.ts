/**
 * Where a pool gets its workers from. Node's threads are one kind; a Web Worker can be another, if its side of {@link serve} can receive a
 * message without a turn of its event loop, or is handed everything before it starts. In a browser window no thread may wait in
 * `Atomics.wait`: synchronous calls there must run inline, and a pool is for asynchronous ones.
 */

import { hostThreads } from "../platform.js";
import type { LaneData, Message } from "./protocol.js";

/** A worker, seen from the thread that started it. */
export interface WorkerPort {
  postMessage(message: Message): void;
  terminate(): void;
  /** Whether the program stays alive for this worker. Not at first. */
  keepAlive(isWanted: boolean): void;
}

/** Starts a worker and returns at once. `onExit` is told why, if the worker failed. */
export type StartWorker = (data: LaneData, onExit: (error: unknown) => void) => WorkerPort;

/** Starts workers with the module at `url` by `node:worker_threads`; `undefined` where the host has none. */
export function nodeWorkers(url: URL): StartWorker | undefined {
  if (hostThreads === undefined) return undefined;
  const { Worker } = hostThreads;
  return (data, onExit) => {
    // Flags of the program, as `--input-type`, need not suit another module.
    const thread = new Worker(url, { workerData: data, execArgv: [], name: "syncodec" });
    let failure: unknown;
    thread.on("error", (error) => {
      failure = error;
    });
    thread.on("exit", () => onExit(failure));
    thread.unref();
    return {
      postMessage: (message) => thread.postMessage(message),
      terminate: () => void thread.terminate(),
      keepAlive: (isWanted) => (isWanted ? thread.ref() : thread.unref()),
    };
  };
}
