/** A thread that takes a lock and keeps it. */

import { OpfsStore } from "../../src/browser.js";

addEventListener("message", async ({ data }: MessageEvent<MessagePort>) => {
  const store = OpfsStore.connect(data);
  await store.lock("/a");
  // One turn more, in which the lock that tells of this thread's end is there.
  await store.size("/a");
  postMessage("locked");
});
