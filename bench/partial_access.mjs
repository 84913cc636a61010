/**
 * What it costs to reach one inner chunk: bytes and time of a slot patch in shards of 1 to 4096 MiB, and single elements and inner chunks
 * against zarrita.
 *
 *     npm run build && node bench/partial_access.mjs
 */

import { spawnSync } from "node:child_process";
import { existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32c, createArraySync, init, openArraySync, slice } from "syncodec";
import { LocalStore } from "syncodec/node";
import * as zarrita from "zarrita";
import { RangeMap } from "../examples/demo/range_map.mjs";

await init();
const folder = mkdtempSync(join(tmpdir(), "syncodec-bench-"));
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

async function time(body, repetitions) {
  for (let i = 0; i < repetitions; i++) await body(i);
  const times = [];
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await body(i);
    times.push(performance.now() - start);
  }
  return median(times) * 1000;
}

/** Counts the bytes that go through a store. */
function counting(store) {
  const count = { read: 0, written: 0 };
  const counted = {
    getSync: (key, range) => {
      const value = store.getSync(key, range);
      count.read += value?.byteLength ?? 0;
      return value;
    },
    setSync: (key, value) => {
      count.written += value.byteLength;
      store.setSync(key, value);
    },
    deleteSync: (key) => store.deleteSync(key),
    patchSync: (key, patch) => {
      for (const { bytes } of patch.writes) count.written += bytes.byteLength;
      store.patchSync(key, patch);
    },
    openSync: (key) => {
      const value = store.openSync(key);
      return (
        value && {
          ...value,
          read: (range) => {
            const bytes = value.read(range);
            count.read += bytes.byteLength;
            return bytes;
          },
        }
      );
    },
  };
  return { counted, count };
}

const slot = 65536;

/** A sparse shard of `count` inner chunks of 64 KiB with crc32c, as a fresh one is laid out. */
function sparseShard(path, count) {
  const store = new LocalStore(path, { durability: "none" });
  createArraySync(store, {
    shape: [count * slot],
    shardShape: [count * slot],
    chunkShape: [slot],
    dataType: "uint8",
    compressors: ["crc32c"],
  });
  const index = new BigUint64Array(count * 2);
  for (let i = 0; i < count; i++) index.set([BigInt(i * (slot + 4)), BigInt(slot + 4)], i * 2);
  const bytes = new Uint8Array(index.buffer);
  mkdirSync(join(path, "c"), { recursive: true });
  const file = openSync(join(path, "c/0"), "w");
  const end = count * (slot + 4);
  ftruncateSync(file, end + bytes.byteLength + 4);
  writeSync(file, bytes, 0, bytes.byteLength, end);
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32c(bytes), true);
  writeSync(file, sum, 0, 4, end + bytes.byteLength);
  return store;
}

console.log(
  "One inner chunk (64 KiB, crc32c) of a shard on disk, durability none; whole slot, then one element of it\n",
);
console.log(
  "shard MiB   index known   bytes read   bytes written   µs      one element: bytes read   bytes written   µs",
);
for (const mib of [1, 16, 256, 4096]) {
  const count = mib * 16;
  const store = sparseShard(join(folder, String(mib)), count);
  const value = Uint8Array.from({ length: slot }, (_, i) => i % 251);
  const at = (i) => (i * 7919) % count;
  const whole = (array, i) => array.setSync([slice(at(i) * slot, (at(i) + 1) * slot)], value);
  const element = (array, i) => array.setSync([at(i) * slot + 77], i % 200);
  for (const known of [false, true]) {
    const { counted, count: bytes } = counting(store);
    const options = known ? {} : { indexCacheBytes: 0 };
    const array = openArraySync(counted, options);
    if (known) whole(array, 0);
    const cells = [String(mib).padStart(9), (known ? "yes" : "no").padStart(13)];
    for (const write of [whole, element]) {
      if (known) whole(array, 1);
      bytes.read = bytes.written = 0;
      write(array, 0);
      cells.push(String(bytes.read).padStart(12), String(bytes.written).padStart(15));
      const direct = openArraySync(store, options);
      for (let i = 0; i < count && i < 50; i++) whole(direct, i);
      cells.push((await time((i) => write(direct, i % 50), 100)).toFixed(0).padStart(6));
    }
    console.log(cells.join(" "));
  }
  store.close();
  rmSync(join(folder, String(mib)), { recursive: true, force: true });
}

console.log(
  "\nSingle elements and inner chunks in memory against zarrita, and zarr-python batched and fused, µs (medians)\n",
);
const cases = [
  ["S: element (0,0,0) of 105³, chunks 10³", { shape: [105, 105, 105], chunkShape: [10, 10, 10] }],
  ["S: the same in shards 50³", { shape: [105, 105, 105], chunkShape: [10, 10, 10], shardShape: [50, 50, 50] }],
  ["M: one inner chunk 1³ of a shard 32³", { shape: [32, 32, 32], chunkShape: [1, 1, 1], shardShape: [32, 32, 32] }],
  ["M: one inner chunk 2³ of a shard 32³", { shape: [32, 32, 32], chunkShape: [2, 2, 2], shardShape: [32, 32, 32] }],
];
/** Microseconds by case and pipeline, where `npm run test:interop` has made an environment with zarr-python. */
function zarrPython() {
  const python = new URL("../.venv/bin/python", import.meta.url).pathname;
  if (!existsSync(python)) return {};
  const script = new URL("partial_access.py", import.meta.url).pathname;
  const { stdout, stderr } = spawnSync(python, [script], { input: JSON.stringify(cases), encoding: "utf8" });
  process.stderr.write(stderr);
  return JSON.parse(stdout);
}

const python = zarrPython();
console.log(`${"".padEnd(40)}    syncodec    no cache     zarrita    ratio  zarr-python b.  zarr-python f.`);
for (const [name, layout] of cases) {
  const map = new Map();
  createArraySync(map, { ...layout, dataType: "uint8" }).setSync(
    null,
    Uint8Array.from({ length: layout.shape.reduce((a, b) => a * b) }, (_, i) => i % 255),
  );
  const peer = await zarrita.open.v3(zarrita.root(new RangeMap(map)), { kind: "array" });
  const [array, uncached] = [openArraySync(map), openArraySync(map, { indexCacheBytes: 0 })];
  if (array.getSync([0, 0, 0]) !== (await zarrita.get(peer, [0, 0, 0])))
    throw new Error(`${name}: syncodec and zarrita disagree`);
  const ours = await time(() => array.getSync([0, 0, 0]), 2001);
  const cold = await time(() => uncached.getSync([0, 0, 0]), 2001);
  const theirs = await time(() => zarrita.get(peer, [0, 0, 0]), 2001);
  const { BatchedCodecPipeline: batched, FusedCodecPipeline: fused } = python[name] ?? {};
  const numbers = [ours, cold, theirs].map((us) => us.toFixed(1).padStart(12));
  const pythons = [batched, fused].map((us) => (us === undefined ? "–" : us.toFixed(0)).padStart(14));
  console.log(
    `${name.padEnd(40)}${numbers.join("")}${`${(theirs / ours).toFixed(1)}×`.padStart(9)}${pythons.join("")}`,
  );
}
rmSync(folder, { recursive: true, force: true });
