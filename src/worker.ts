/** The module that a worker of the pool runs: it serves the lane it was started with until the thread ends. */

import { loadCodecs } from "./pipeline/bind.js";
import { runJobGroup } from "./pipeline/worker_jobs.js";
import { hostThreads, onThreadExit } from "./platform.js";
import { loadMemory } from "./wasm/memory.js";
import { isLaneData, isMessage, laneState, ring, word } from "./workers/protocol.js";
import { serve } from "./workers/serve.js";

const { parentPort, workerData, receiveMessageOnPort } = hostThreads ?? {};
if (!isLaneData(workerData) || !parentPort || receiveMessageOnPort === undefined) {
  throw new TypeError("this module is for the workers of syncodec");
}
const { control, signal } = workerData;
onThreadExit(() => {
  Atomics.store(control, word.laneState, laneState.dead);
  ring(signal, 0);
});
await Promise.all([loadMemory(), loadCodecs()]);
serve(
  workerData,
  () => {
    const message = receiveMessageOnPort(parentPort)?.message;
    return isMessage(message) ? message : undefined;
  },
  runJobGroup,
);
