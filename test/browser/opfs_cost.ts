/** Measures OpfsStore in a worker: medians in milliseconds, the durabilities taking turns. Run by `node test/browser/run.mjs opfs_cost`. */

import { OpfsStore, SyncOpfsStore } from "../../src/browser.js";

const durabilities = ["none", "process", "power"] as const;
const slot = 64 * 1024;
const valueLength = 16 * 2 ** 20;
const whole = 10 ** 6;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const name = "opfs-cost";
const stores: SyncOpfsStore[] = [];
for (const durability of durabilities) {
  const store = await OpfsStore.open(name, { durability });
  if (!(store instanceof SyncOpfsStore)) throw new Error("this thread may not sleep");
  stores.push(store);
}

const rows: Record<string, number[]> = {};

/** One row: `body` once per round and durability, timed. */
function measure(row: string, rounds: number, body: (store: SyncOpfsStore, round: number, id: string) => void): void {
  const times = stores.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, store] of stores.entries()) {
      const start = performance.now();
      body(store, round, store.durability);
      times[i]!.push(performance.now() - start);
    }
  }
  rows[row] = times.map(median);
}

const patch = new Uint8Array(slot);
const value = new Uint8Array(whole);
for (const store of stores) {
  store.setSync(`/patched/${store.durability}`, new Uint8Array(valueLength));
  store.setSync(`/whole/${store.durability}`, value);
}
measure("patch of 64 KiB in 16 MiB", 150, (store, round, id) => {
  patch.fill(round);
  store.patchSync(`/patched/${id}`, { writes: [{ offset: ((round * 37) % 250) * slot, bytes: patch }] });
});
measure("append of 64 KiB", 60, (store, round, id) => {
  const offset = valueLength + round * slot;
  store.patchSync(`/patched/${id}`, { writes: [{ offset, bytes: patch }], byteLength: offset + slot });
});
measure("1 MB in place of 1 MB", 60, (store, round, id) => {
  value.fill(round);
  store.setSync(`/whole/${id}`, value);
});
measure("1 MB, new", 60, (store, round, id) => store.setSync(`/new/${id}/${round}`, value));
measure("64 KiB, new", 300, (store, round, id) => store.setSync(`/small/${id}/${round}`, patch));
// Until idle files are closed: they are opened anew, and are found without journals.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
measure("first read of 64 KiB", 150, (store, round, id) => void store.getSync(`/small/${id}/${round}`));
measure("second read of 64 KiB", 100, (store, _, id) => void store.getSync(`/small/${id}/149`));
measure("lock and release", 100, (store, _, id) => store.lockSync(`/patched/${id}`)());
for (const store of stores) store.close();
postMessage(rows);
