/** The module that a Web Worker of the pool runs: as `worker.ts`, with messages that come with its event loop. */

import { loadDataTypes } from "../metadata/data_type.js";
import { loadCodecs } from "../pipeline/bind.js";
import { runJobGroup } from "../pipeline/worker_jobs.js";
import { writing } from "../pipeline/writing.js";
import { loadMemory } from "../wasm/memory.js";
import { isLaneData, isMessage, type Message } from "../workers/protocol.js";
import { serveAsync } from "../workers/serve.js";

/** Messages may come before there is anyone who takes them. */
let take = (message: Message): unknown => early.push(message);
const early: Message[] = [];

addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (isMessage(data)) take(data);
  else if (isLaneData(data)) {
    const ready = Promise.all([loadMemory(), loadCodecs(), loadDataTypes(), writing.load()]);
    const onMessage = (taker: (message: Message) => void): void => {
      for (const message of early) taker(message);
      take = taker;
    };
    void serveAsync(data, onMessage, runJobGroup, ready);
  }
});
