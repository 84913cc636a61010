/** Stores that keep files, in browsers. */

import { OpfsStore, SyncOpfsStore } from "../../src/browser.js";

const stores: SyncOpfsStore[] = [];

export async function temporaryStore(): Promise<SyncOpfsStore> {
  const store = await OpfsStore.open(`syncodec-test-${crypto.randomUUID()}`);
  if (!(store instanceof SyncOpfsStore)) throw new Error("this thread may not sleep");
  stores.push(store);
  return store;
}

/** Their files go with the browser. */
export async function removeTemporaryStores(): Promise<void> {
  for (const store of stores.splice(0)) store.close();
}
