/**
 * A thread that makes each call of the file system only when it is told to, so that two of them can be interleaved in every way.
 *
 * Shared with the main thread: `control[0]`: 0 = running, 1 = before a call, 2 = idle; `control[1]`: the version to be written, or 0 to
 * read; `control[2]`: the version that was read, 0 for a mixture; `control[3]`: how often it was tried; `control[4]`: 1 if a call failed.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { workerData } from "node:worker_threads";

const { control, root, key, kind, options, skewMs, checks } = workerData;
let isArmed = false;

const names = [
  ...["openSync", "closeSync", "fstatSync", "lstatSync", "statSync", "existsSync", "readSync", "writeSync"],
  ...["fsyncSync", "ftruncateSync", "futimesSync", "linkSync", "unlinkSync", "renameSync", "mkdirSync", "rmdirSync"],
  "readdirSync",
];
for (const name of names) {
  const original = fs[name];
  fs[name] = Object.defineProperties((...args) => {
    if (isArmed) stop(1);
    return original.apply(fs, args);
  }, Object.getOwnPropertyDescriptors(original));
}
syncBuiltinESMExports();

function stop(state) {
  Atomics.store(control, 0, state);
  Atomics.notify(control, 0);
  Atomics.wait(control, 0, state);
}

const now = Date.now;
Date.now = () => now() + skewMs;

const { LocalStore } = await import("../../dist/node.js");
const { read, write } = await import("./readers_values.mjs");
const store = new LocalStore(root, options);
/** What versions of the store stood for. */
const known = new Map();

for (;;) {
  stop(2);
  isArmed = true;
  try {
    const k = Atomics.load(control, 1);
    if (k > 0) write(store, key, kind, k);
    else {
      const found = read(store, key, kind, checks);
      const isSame = found.version === undefined || (known.get(found.version) ?? found.k) === found.k;
      if (found.version !== undefined) known.set(found.version, found.k);
      Atomics.store(control, 2, found.mixture === undefined && isSame ? found.k : 0);
      Atomics.store(control, 3, found.attempts);
    }
    Atomics.store(control, 4, 0);
  } catch (error) {
    console.error(error);
    Atomics.store(control, 4, 1);
  }
  isArmed = false;
}
