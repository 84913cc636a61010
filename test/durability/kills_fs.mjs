/**
 * Kills this process at the n-th call of the file system, or in the middle of it, or lets calls fail; for `node --import`, before anything
 * else takes functions from node:fs.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** All that the store uses; with an underscore those of the other signature that share a name. */
const names = [
  ...["openSync", "closeSync", "fstatSync", "lstatSync", "statSync", "existsSync", "readSync", "writeSync"],
  ...["fsyncSync", "ftruncateSync", "futimesSync", "linkSync", "unlinkSync", "renameSync", "mkdirSync", "rmdirSync"],
  ...["readdirSync", "readFileSync", "readlinkSync"],
  ...["open", "close", "read", "write", "fsync", "ftruncate", "readdir"],
];

const originals = Object.fromEntries(names.map((name) => [name, fs[name]]));

/** Names of the calls since {@link arm}. */
export let calls = [];
let plan;

/**
 * Counts calls from now on, all or `only` those of one name, and kills the process before number `at` (from 0); `isCut`: after half of it,
 * if it is a write.
 * With `error`, calls fail instead, from number `at` on, of the given names: `{ code, names, count }`.
 */
export function arm({ at = Infinity, only = undefined, isCut = false, error = undefined } = {}) {
  calls = [];
  plan = { at, only, isCut, error, failures: 0, counted: 0 };
}

export function disarm() {
  plan = undefined;
  return calls;
}

function die() {
  process.kill(process.pid, "SIGKILL");
  // A signal to oneself is there at once; nothing else may happen if it is not.
  for (;;);
}

function fail(name, error) {
  if (error === undefined || !error.names.includes(name) || plan.failures >= error.count) return undefined;
  plan.failures++;
  return Object.assign(new Error(`${error.code}: made to fail, ${name}`), { code: error.code, syscall: name });
}

for (const name of names) {
  const original = originals[name];
  const isAsync = !name.endsWith("Sync");
  function wrapped(...args) {
    if (plan === undefined) return original.apply(fs, args);
    calls.push(name);
    if (plan.only === undefined || plan.only === name) plan.counted++;
    if (plan.counted > plan.at) {
      if (plan.error === undefined) {
        if (plan.isCut && (name === "writeSync" || name === "write")) {
          const [file, bytes, offset, length, position] = args;
          originals.writeSync(file, bytes, offset, length >> 1, position);
        }
        die();
      }
      const failure = fail(name, plan.error);
      if (failure !== undefined && isAsync) {
        setImmediate(args.at(-1), failure);
        return undefined;
      }
      if (failure !== undefined) throw failure;
    }
    return original.apply(fs, args);
  }
  // Those that say how the call is made a promise, among others.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  fs[name] = wrapped;
}
syncBuiltinESMExports();
