// A worker that ends in the middle of its first task.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { laneState, ring, word } from "../../dist/workers/protocol.js";
import { serve } from "../../dist/workers/serve.js";

process.on("exit", () => {
  Atomics.store(workerData.control, word.laneState, laneState.dead);
  ring(workerData.signal, 0);
});
serve(
  workerData,
  () => receiveMessageOnPort(parentPort)?.message,
  () => process.exit(1),
);
