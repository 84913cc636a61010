/**
 * One change of one value, in a process that is killed at a call of the file system, or has one fail. Run with `--import kills_fs.mjs`;
 * argument: JSON. Prints what came of it, with the calls that were made.
 */
import { LocalStore } from "../../dist/node.js";
import { arm, disarm } from "./kills_fs.mjs";

const { root, store: options, change, isAsync, arm: plan } = JSON.parse(process.argv[2]);
const { key, kind } = change;
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const store = new LocalStore(root, options);

function* steps() {
  if (kind === "set") yield isAsync ? store.set(key, bytes(change.value)) : store.setSync(key, bytes(change.value));
  else if (kind === "delete") yield isAsync ? store.delete(key) : store.deleteSync(key);
  else {
    const writes = change.writes.map(({ offset, text }) => ({ offset, bytes: bytes(text) }));
    const patch = { writes, byteLength: change.byteLength, guard: change.guard };
    // As the drivers do: locked, then patched.
    const release = isAsync ? yield store.lock(key) : store.lockSync(key);
    try {
      yield isAsync ? store.patch(key, patch) : store.patchSync(key, patch);
    } finally {
      release();
    }
  }
}

let error;
arm(plan);
try {
  const running = steps();
  for (let step = running.next(); !step.done; ) {
    let answer;
    try {
      answer = isAsync ? await step.value : undefined;
    } catch (failure) {
      step = running.throw(failure);
      continue;
    }
    step = running.next(answer);
  }
} catch (failure) {
  error = { name: failure.name, code: failure.code, key: failure.key, message: failure.message };
}
const calls = disarm();
console.log(JSON.stringify({ calls, error }));
