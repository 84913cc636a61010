// A worker that never finishes a task, and does not say so.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { serve } from "../../dist/workers/serve.js";

serve(
  workerData,
  () => receiveMessageOnPort(parentPort)?.message,
  () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
);
