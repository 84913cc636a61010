/**
 * `node soak.mjs SECONDS`: random patches, appends, reads and reopens of two arrays, and writers that are killed in the middle of one,
 * against a model in memory. Each minute a line with the memory and the open files of this process; at the end they must not have grown.
 *
 * One array has inner chunks of fixed size, whose slots are patched; the other compressed ones. Of an update in which a writer was killed
 * every inner chunk is old or new, and the model takes what is found.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createArraySync, openArraySync, slice } from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";

const self = fileURLToPath(import.meta.url);
const inner = 32;
const shard = 32 * inner;
/** Elements at which an array is made short again. */
const longest = 16 * shard;
const arrays = {
  fixed: { compressors: ["crc32c"], indexLocation: "start" },
  compressed: { compressors: ["gzip", "crc32c"], indexLocation: "end" },
};
const durabilities = ["process", "power", "none"];

const integer = (limit) => Math.floor(Math.random() * limit);

/** Elements `[start, end)`, of which the first is the first of an inner chunk more often than not. */
function randomRange(length) {
  const start = Math.random() < 0.6 ? integer(length / inner) * inner : integer(length);
  const most = Math.random() < 0.1 ? length : 6 * inner;
  return [start, Math.min(length, start + 1 + integer(most))];
}

function fillRange(array, [start, end], seed) {
  const values = Int32Array.from({ length: end - start }, (_, i) => seed ^ Math.imul(i + 1, 40503));
  array.setSync([slice(start, end)], values);
  return values;
}

/** Writes what it is told, forever: it is killed, or told nothing more. */
async function child(root) {
  const store = new LocalStore(root);
  let text = "";
  for await (const part of process.stdin) {
    text += part;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const { name, range, seed } = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      fillRange(openArraySync(store, { path: `/${name}` }), range, seed);
      process.stdout.write(".");
    }
  }
  store.close();
}

class Soak {
  root;
  store;
  opened = {};
  models = {};
  counts = { patches: 0, appends: 0, reads: 0, reopens: 0, kills: 0, cut: 0 };

  constructor(root) {
    this.root = root;
    this.reopen();
    for (const [name, options] of Object.entries(arrays)) {
      const shape = [2 * shard];
      const common = { path: `/${name}`, chunkShape: [inner], shardShape: [shard], dataType: "int32" };
      this.opened[name] = createArraySync(this.store, { ...common, ...options, shape });
      this.models[name] = new Int32Array(2 * shard);
    }
  }

  reopen() {
    this.store?.close();
    this.store = new LocalStore(this.root, { durability: durabilities[integer(2)] });
    for (const name of Object.keys(this.opened)) this.opened[name] = openArraySync(this.store, { path: `/${name}` });
    this.counts.reopens++;
  }

  compare(name, [start, end]) {
    const { data } = this.opened[name].getSync([slice(start, end)]);
    const model = this.models[name].subarray(start, end);
    const at = data.findIndex((value, i) => value !== model[i]);
    if (at !== -1) throw new Error(`${name}[${start + at}] is ${data[at]}, not ${model[at]}`);
  }

  async step() {
    const name = Object.keys(arrays)[integer(2)];
    const model = this.models[name];
    const range = randomRange(model.length);
    const kind = Math.random();
    if (kind < 0.5) {
      model.set(fillRange(this.opened[name], range, integer(2 ** 31)), range[0]);
      this.counts.patches++;
    } else if (kind < 0.55) this.append(name);
    else if (kind < 0.95) {
      this.compare(name, range);
      this.counts.reads++;
    } else if (kind < 0.98) this.reopen();
    else await this.kill();
  }

  append(name) {
    const array = this.opened[name];
    const model = this.models[name];
    const isLong = model.length > longest;
    const length = isLong ? shard : model.length + 1 + integer(shard);
    array.resizeSync([length]);
    const next = new Int32Array(length);
    next.set(model.subarray(0, length));
    this.models[name] = next;
    if (!isLong) next.set(fillRange(array, [model.length, length], integer(2 ** 31)), model.length);
    this.counts.appends++;
  }

  /** A child that makes updates until it is killed. */
  async kill() {
    const writer = spawn(process.execPath, [self, "child", this.root], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => writer.once("exit", (_, signal) => resolve(signal)));
    writer.stdin.on("error", () => undefined);
    let done = 0;
    let wake = () => undefined;
    writer.stdout.on("data", (bytes) => {
      done += bytes.length;
      wake();
    });
    const count = 1 + integer(4);
    const updates = [];
    for (let i = 0; i < count; i++) {
      const name = Object.keys(arrays)[integer(2)];
      updates.push({ name, range: randomRange(this.models[name].length), seed: integer(2 ** 31) });
    }
    for (const [i, update] of updates.entries()) {
      writer.stdin.write(`${JSON.stringify(update)}\n`);
      if (i === count - 1) break;
      while (done <= i) await new Promise((resolve) => (wake = resolve));
    }
    await sleep(Math.random() * 15);
    writer.kill("SIGKILL");
    if ((await ended) !== "SIGKILL") throw new Error("a writer has ended by itself");
    this.counts.kills++;
    // All but the last one were answered; of that one it may be that it never began.
    for (const [i, update] of updates.entries()) this.take(update, i < count - 1);
  }

  take({ name, range: [start, end], seed }, isDone) {
    const model = this.models[name];
    const values = Int32Array.from({ length: end - start }, (_, i) => seed ^ Math.imul(i + 1, 40503));
    if (isDone) {
      model.set(values, start);
      return;
    }
    // The next write of each shard decides.
    for (const key of this.store.listSync(`/${name}/c/`)) this.store.lockSync(key)();
    const { data } = this.opened[name].getSync([slice(start, end)]);
    let isOld = false;
    let isNew = false;
    for (let from = start; from < end; ) {
      // One journal for each shard: it is old or new as a whole.
      const to = Math.min(end, from - (from % shard) + shard);
      const found = data.subarray(from - start, to - start);
      const next = values.subarray(from - start, to - start);
      const before = model.subarray(from, to);
      const isSame = (a) => a.every((value, i) => value === found[i]);
      if (isSame(next)) {
        model.set(next, from);
        isNew = true;
      } else if (isSame(before)) isOld = true;
      else throw new Error(`${name}[${from}] to [${to}] is neither old nor new`);
      from = to;
    }
    if (isOld && isNew) this.counts.cut++;
  }
}

function usage() {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const files = readdirSync("/proc/self/fd").length;
  return { rss, heap: heapUsed, external, files };
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function main(seconds) {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-soak-"));
  const soak = new Soak(join(directory, "store"));
  const start = performance.now();
  const samples = [];
  const interval = Math.min(60, seconds / 5) * 1000;
  const sample = () => {
    const now = usage();
    samples.push(now);
    const counts = Object.entries(soak.counts).map(([name, count]) => `${count} ${name}`);
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    console.log(
      `${minutes} min: RSS ${mebibytes(now.rss)}, heap ${mebibytes(now.heap)}, external ${mebibytes(now.external)}, ${now.files} files; ${counts.join(", ")}`,
    );
  };
  let failure;
  try {
    for (let next = interval; performance.now() - start < seconds * 1000; ) {
      await soak.step();
      if (performance.now() - start < next) continue;
      sample();
      next += interval;
    }
    for (const name of Object.keys(arrays)) soak.compare(name, [0, soak.models[name].length]);
    // A store that takes its first lock also removes the files that named dead owners.
    soak.reopen();
    for (const name of Object.keys(arrays))
      for (const key of soak.store.listSync(`/${name}/`)) soak.store.lockSync(key)();
    soak.store.close();
    const litter = readdirSync(soak.root, { recursive: true }).filter((name) => /(?:^|\/)__/.test(name));
    if (litter.length > 0) failure = `left over: ${litter.join(", ")}`;
    // The first of them is taken when everything was used once.
    const [first, last] = [samples[0], samples.at(-1)];
    if (last.files > first.files + 40) failure = "files were left open";
    if (last.heap > first.heap + 8 * 2 ** 20) failure = "the heap has grown";
    if (last.rss > first.rss * 1.25 + 16 * 2 ** 20) failure = "memory has grown";
  } catch (error) {
    failure = error.stack;
  }
  if (failure === undefined) rmSync(directory, { recursive: true, force: true });
  else console.log(`${failure}; the store is in ${directory}`);
  console.log(failure === undefined ? "1 passed, 0 failed" : "0 passed, 1 failed");
  process.exitCode = failure === undefined ? 0 : 1;
}

if (process.argv[2] === "child") await child(process.argv[3]);
else await main(Number(process.argv[2]));
