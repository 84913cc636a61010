// A worker whose tasks wait for the calling thread: word 0 of a task's buffer is set by the worker, word 1 by the calling thread.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { serve } from "../../dist/workers/serve.js";

serve(
  workerData,
  () => receiveMessageOnPort(parentPort)?.message,
  (buffer, { write }) => {
    const words = new Int32Array(buffer);
    const pass = () => {
      Atomics.store(words, 0, 1);
      Atomics.wait(words, 1, 0);
    };
    if (words[2] === 1) write(pass);
    else pass();
    words[3] = 1;
  },
);
