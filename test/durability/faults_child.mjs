/**
 * Takes all descriptors that this process may have but COUNT, then changes a value: `node faults_child.mjs JSON`, with `ulimit -n` set low.
 * Prints the error of each attempt, or null, from COUNT = 0 up to the first one that succeeds.
 */
import { closeSync, openSync, readdirSync } from "node:fs";
import { LocalStore } from "../../dist/node.js";

const { root, key, options } = JSON.parse(process.argv[2]);
const errors = [];
const litter = [];
for (let spare = 0; spare < 20; spare++) {
  const store = new LocalStore(root, options);
  // The directory is known, and the owner's file written, as after some use.
  if (spare % 2 === 1) store.lockSync(key)();
  const taken = [];
  let error = null;
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch (failure) {
    if (failure.code !== "EMFILE") throw failure;
  }
  for (let i = 0; i < spare; i++) closeSync(taken.pop());
  try {
    store.patchSync(key, { writes: [{ offset: 1, bytes: Uint8Array.of(spare + 1) }] });
  } catch (failure) {
    error = { name: failure.name, code: failure.code, message: failure.message };
  }
  for (const file of taken) closeSync(file);
  errors.push({ error, value: store.getSync(key)[1], previous: spare });
  store.close();
  litter.push(...readdirSync(root).filter((name) => name.startsWith("__")));
}
console.log(JSON.stringify({ errors, litter }));
