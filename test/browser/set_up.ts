/** What holds for every test file in a browser: all parts of the library are loaded, and one thread does the work unless a test says otherwise. */

import { init } from "../../src/index.js";
import "../support/one_thread.js";

/** Node's: tests let the event loop turn by it. */
function setImmediate(task: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    task();
  };
  port2.postMessage(undefined);
}

export async function setUp(): Promise<void> {
  Object.assign(globalThis, { setImmediate });
  await init();
}
