/**
 * `node writers.mjs SECONDS PROCESSES THREADS [KILLS]`: writers in many threads of many processes, each with inner chunks of its own in
 * shards that all share. Every update that a writer has made must be there in the end; of the one that it was killed in, all or nothing.
 *
 * Two arrays: one of fixed-size inner chunks, whose slots are patched, and one of compressed ones. With KILLS so many processes are
 * killed meanwhile, each followed by another one. At last the same without locks, as a control: then updates are lost.
 * With SYNCODEC_PYTHON, the path of a Python with zarr-python, that one reads the arrays too.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { createArraySync, openArraySync, slice } from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";

const self = fileURLToPath(import.meta.url);
const side = 8;
/** Shards of 2 × 2 blocks of 8 × 8 inner chunks. */
const shape = [2 * side * 8, 2 * side * 8];
const chunkShape = [8, 8];
const shardShape = [side * 8, side * 8];
const chunks = (shape[0] / 8) * (shape[1] / 8);
const arrays = { fixed: ["crc32c"], compressed: ["gzip", "crc32c"] };

/** The store without its locks. */
class Unlocked {
  #store;
  constructor(store) {
    this.#store = store;
  }
  getSync(key, range) {
    return this.#store.getSync(key, range);
  }
  setSync(key, value) {
    this.#store.setSync(key, value);
  }
  deleteSync(key) {
    this.#store.deleteSync(key);
  }
  listSync(prefix) {
    return this.#store.listSync(prefix);
  }
}

const arrayNames = Object.keys(arrays);

/** The selection of inner chunk `number`. */
function place(number) {
  const [row, column] = [Math.floor(number / (shape[1] / 8)), number % (shape[1] / 8)];
  return [slice(row * 8, row * 8 + 8), slice(column * 8, column * 8 + 8)];
}

/** Writes inner chunks `number`, `number + total`, … in turn, and notes how often each array's was written. */
function work({ root, notes, number, total, isLocked, deadline }) {
  const local = new LocalStore(root);
  const store = isLocked ? local : new Unlocked(local);
  const opened = arrayNames.map((name) => openArraySync(store, { path: `/${name}` }));
  const file = openSync(notes, "r+");
  const counts = new Int32Array(arrayNames.length * chunks);
  readSync(file, counts, 0, counts.byteLength, 0);
  const own = [];
  for (let chunk = number; chunk < chunks; chunk += total) own.push(chunk);
  const note = new Int32Array(1);
  const values = new Int32Array(64);
  // However slowly threads start.
  for (let i = 0; i < 20 || Date.now() < deadline; i++) {
    const which = i % arrayNames.length;
    const chunk = own[Math.floor(Math.random() * own.length)];
    const at = which * chunks + chunk;
    values.fill(counts[at] + 1);
    opened[which].setSync(place(chunk), values);
    note[0] = ++counts[at];
    writeSync(file, note, 0, 4, at * 4);
  }
  closeSync(file);
  local.close();
}

async function runProcess(options) {
  const { process: first, processes, threads } = options;
  const all = Array.from({ length: threads }, (_, thread) => {
    const number = thread * processes + first;
    return new Worker(self, { workerData: { ...options, number, total: processes * threads } });
  });
  await Promise.all(
    all.map((each) => new Promise((resolve, reject) => each.once("exit", resolve).once("error", reject))),
  );
}

/** Runs all processes; returns what was found, of each array. */
async function run({ seconds, processes, threads, kills, isLocked }) {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-writers-"));
  const root = join(directory, "store");
  const notes = join(directory, "notes");
  try {
    const store = new LocalStore(root);
    for (const [name, compressors] of Object.entries(arrays)) {
      createArraySync(store, {
        path: `/${name}`,
        shape,
        chunkShape,
        shardShape,
        dataType: "int32",
        compressors,
      }).setSync(null, 0x01010101);
    }
    store.close();
    const before = new Int32Array(arrayNames.length * chunks);
    writeFileSync(notes, before);
    const start = Date.now();
    const deadline = start + seconds * 1000;
    let isOver = false;
    let killed = 0;
    const killTimes = Array.from({ length: kills }, () => start + Math.random() * seconds * 1000).sort((a, b) => a - b);
    const running = new Set();
    const keep = async (process) => {
      for (let isKilled = true; isKilled; ) {
        const options = { root, notes, process, processes, threads, isLocked, deadline };
        const child = spawn(globalThis.process.execPath, [self, "process", JSON.stringify(options)], {
          stdio: "inherit",
        });
        running.add(child);
        const [status, signal] = await new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
        running.delete(child);
        isKilled = signal === "SIGKILL";
        if (!isKilled && status !== 0) throw new Error(`a writer has failed with status ${status}`);
      }
    };
    const killer = (async () => {
      for (const time of killTimes) {
        while (Date.now() < time && !isOver) await sleep(5);
        const victims = [...running];
        if (isOver || victims.length === 0) continue;
        killed += victims[Math.floor(Math.random() * victims.length)].kill("SIGKILL") ? 1 : 0;
      }
    })();
    await Promise.all(Array.from({ length: processes }, (_, process) => keep(process)));
    isOver = true;
    await killer;
    return { ...check(root, notes, kills), killed, seconds: (Date.now() - start) / 1000 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function check(root, notes, kills) {
  const file = openSync(notes, "r");
  const counts = new Int32Array(arrayNames.length * chunks);
  readSync(file, counts, 0, counts.byteLength, 0);
  closeSync(file);
  const store = new LocalStore(root);
  let updates = 0;
  let lost = 0;
  let torn = 0;
  for (const [which, name] of arrayNames.entries()) {
    const array = openArraySync(store, { path: `/${name}` });
    // What the killed have left is decided and swept by the next write.
    if (kills > 0) for (const key of store.listSync(`/${name}/c/`)) store.lockSync(key)();
    for (let chunk = 0; chunk < chunks; chunk++) {
      const count = counts[which * chunks + chunk];
      updates += count;
      let data;
      try {
        ({ data } = array.getSync(place(chunk)));
      } catch (error) {
        console.log(`${name}, inner chunk ${chunk}: ${error.message}`);
        torn++;
        continue;
      }
      const found = data[0] === 0x01010101 ? 0 : data[0];
      if (data.some((value) => value !== data[0])) torn++;
      else if (found !== count && !(kills > 0 && found === count + 1)) lost++;
    }
  }
  store.close();
  const litter = readdirSync(root, { recursive: true }).filter((name) => /(?:^|\/)__/.test(name));
  return { updates, lost, torn, litter: litter.length, python: checkWithPython(root) };
}

/** What zarr-python says to every element of both arrays, if there is one. */
function checkWithPython(root) {
  const python = process.env.SYNCODEC_PYTHON;
  if (python === undefined) return "not asked";
  const script = [
    "import sys, zarr, numpy as np",
    `for name in ${JSON.stringify(arrayNames)}:`,
    "    a = zarr.open_array(sys.argv[1] + '/' + name, mode='r')[:]",
    `    blocks = a.reshape(${shape[0] / 8}, 8, ${shape[1] / 8}, 8).swapaxes(1, 2).reshape(-1, 64)`,
    "    assert (blocks == blocks[:, :1]).all(), name",
    "print('valid', end='')",
  ].join("\n");
  const { stdout, stderr } = spawnSync(python, ["-c", script, root], { encoding: "utf8" });
  return stdout === "valid" ? stdout : `INVALID ${stderr}`;
}

async function main([seconds, processes, threads, kills = 0]) {
  const size = { seconds, processes, threads };
  const report = (name, { updates, lost, torn, litter, killed, python, seconds }) =>
    console.log(
      `${name}: ${updates} updates in ${seconds.toFixed(1)} s (${Math.round(updates / seconds)}/s), ${lost} inner chunks lost updates, ` +
        `${torn} torn, ${litter} files left, ${killed} kills, zarr-python: ${python}`,
    );
  const isGood = ({ updates, lost, torn, litter, python }) =>
    updates > 0 && lost + torn + litter === 0 && !python.startsWith("INVALID");
  const whole = await run({ ...size, kills: 0, isLocked: true });
  report("locked", whole);
  const killed = kills > 0 ? await run({ ...size, kills, isLocked: true }) : whole;
  if (kills > 0) report("locked, killed", killed);
  // On a machine that is busy with other programs writers may miss each other once.
  let hasLost = false;
  for (let attempt = 1; attempt <= 10 && !hasLost; attempt++) {
    const control = await run({ ...size, seconds: Math.min(seconds, 10), kills: 0, isLocked: false });
    report("control without locks", control);
    hasLost = control.lost > 0;
  }
  console.log(isGood(whole) && isGood(killed) && hasLost ? "passed" : "failed");
}

if (!isMainThread) work(workerData);
else if (process.argv[2] === "process") await runProcess(JSON.parse(process.argv[3]));
else await main(process.argv.slice(2).map(Number));
