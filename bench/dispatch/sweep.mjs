/**
 * One thread, two threads, and what dispatch by cost chooses with two: reads into `out` and writes of smooth int32 chunks in a memory store,
 * in chunks of their own and in one shard. The three alternate in one process; each figure is the best of the rounds.
 *
 *     npm run build && node bench/dispatch/sweep.mjs            the sweep
 *     npm run build && node bench/dispatch/sweep.mjs --target   large chunks, with what two processes reach at the same time
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createArraySync, init, MemoryStore } from "../../dist/index.js";
import { CostEstimate } from "../../dist/pipeline/cost.js";
import { currentPool } from "../../dist/workers/current.js";

await init();
const { ofAll } = CostEstimate.prototype;

/** How a call is made: on one thread; on two, whatever that costs; or as it is chosen. */
const ways = {
  one: { maxWorkers: 1 },
  two: { maxWorkers: 2, force: true },
  chosen: { maxWorkers: 2 },
};

function run({ maxWorkers, force }, body) {
  CostEstimate.prototype.ofAll = force
    ? function (jobs) {
        return { ...ofAll.call(this, jobs), cost: 1e9 };
      }
    : ofAll;
  const start = performance.now();
  body(maxWorkers);
  return performance.now() - start;
}

/** Best milliseconds of each way. */
function measure(body, milliseconds, names = Object.keys(ways)) {
  const best = { one: Infinity, two: Infinity, chosen: Infinity };
  for (const name of names) run(ways[name], body);
  const start = performance.now();
  for (let round = 0; round < 200 && (round < 5 || performance.now() - start < milliseconds); round++) {
    for (const name of names) best[name] = Math.min(best[name], run(ways[name], body));
  }
  return best;
}

function newCase(codec, bytes, count, sharded) {
  const length = bytes / 4;
  const shape = [length * count];
  const data = Int32Array.from({ length: shape[0] }, (_, i) =>
    Math.round(10000 * Math.sin(i / 300) + 300 * Math.sin(i / 7)),
  );
  const out = new Int32Array(data.length);
  const array = createArraySync(new MemoryStore(), {
    shape,
    chunkShape: [length],
    ...(sharded ? { shardShape: shape } : {}),
    dataType: "int32",
    compressors: codec === "none" ? [] : [codec],
  });
  array.setSync(null, data);
  const read = (maxWorkers) => array.getSync(null, { out, maxWorkers });
  read(1);
  if (!out.every((value, i) => value === data[i])) throw new Error(`${codec}: wrong elements`);
  return { read, write: (maxWorkers) => array.setSync(null, data, { maxWorkers }) };
}

const gzip = { name: "gzip", configuration: { level: 1 } };
const nameOf = (codec) => codec.name ?? codec;

/** Waits for the worker, so that no figure has its start in it. */
async function startWorker() {
  currentPool().grow(1);
  while (!currentPool().lanes.every(({ isReady }) => isReady)) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function sweep() {
  await startWorker();
  console.log("codec  chunk KiB  count  sharded  call    one µs    two µs  chosen µs   one/chosen  best/chosen");
  let worst = 1;
  for (const codec of ["none", gzip, "zstd", "blosc"]) {
    for (const kib of [1, 4, 16, 64, 256, 1024, 4096]) {
      for (const count of [2, 8, 64, 1000].filter((each) => each * kib <= 16384)) {
        for (const sharded of count === 64 ? [false, true] : [false]) {
          const { read, write } = newCase(codec, kib * 1024, count, sharded);
          for (const [name, body] of Object.entries({ read, write })) {
            const { one, two, chosen } = measure(body, 250);
            const best = Math.min(one, two) / chosen;
            worst = Math.min(worst, best);
            console.log(
              nameOf(codec).padEnd(6),
              String(kib).padStart(9),
              String(count).padStart(6),
              String(sharded).padStart(8),
              name.padStart(6),
              ...[one, two, chosen].map((value) => (value * 1000).toFixed(0).padStart(9)),
              (one / chosen).toFixed(2).padStart(13),
              best.toFixed(2).padStart(12),
            );
          }
        }
      }
    }
  }
  console.log(`worst best/chosen: ${worst.toFixed(2)}`);
}

/** What a second process that does the same leaves of the first one's speed, twice: the most that two threads could reach. */
async function ceiling() {
  const { read } = newCase(gzip, 2 ** 18, 64, false);
  const time = () => {
    let best = Infinity;
    for (let round = 0; round < 10; round++) best = Math.min(best, run(ways.one, read));
    return best;
  };
  const alone = time();
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--busy"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const both = time();
  child.kill();
  return (2 * alone) / both;
}

function keepBusy() {
  const { read } = newCase(gzip, 2 ** 18, 64, false);
  console.log("busy");
  for (;;) read(1);
}

async function target() {
  console.log(`two processes at once: ${(await ceiling()).toFixed(2)} times the speed of one`);
  await startWorker();
  console.log("codec  chunk KiB  count  sharded  call    one ms    two ms  one/two");
  for (const codec of [gzip, "zstd"]) {
    for (const [kib, count] of [
      [256, 64],
      [1024, 16],
      [4096, 8],
    ]) {
      for (const sharded of [false, true]) {
        const { read, write } = newCase(codec, kib * 1024, count, sharded);
        for (const [name, body] of Object.entries({ read, write })) {
          const { one, chosen } = measure(body, 1000, ["one", "chosen"]);
          console.log(
            nameOf(codec).padEnd(6),
            String(kib).padStart(9),
            String(count).padStart(6),
            String(sharded).padStart(8),
            name.padStart(6),
            ...[one, chosen].map((value) => value.toFixed(1).padStart(9)),
            (one / chosen).toFixed(2).padStart(8),
          );
        }
      }
    }
  }
  console.log(`two processes at once: ${(await ceiling()).toFixed(2)} times the speed of one`);
}

if (process.argv.includes("--busy")) keepBusy();
else if (process.argv.includes("--target")) await target();
else await sweep();
