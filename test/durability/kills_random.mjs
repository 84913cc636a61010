/**
 * `node kills_random.mjs COUNT`: kills writers of one value at random moments, COUNT times, and looks at what they leave.
 *
 * A writer goes from state to state of the value, each made from the last one by a whole write, a patch or a deletion, and notes the
 * number of each state that it has reached, outside of the store. After a kill the value is that state or the next one; the next writer
 * goes on from there. Prints `N kills, M failed`, and for each failure what was found.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LocalStore } from "../../dist/node.js";

const key = "/c/0/0";
/** States after which the value is written anew. */
const cycle = 12;

function pattern(length, seed) {
  let state = Math.imul(seed + 1, 2654435761) >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** How state `i` is made from the one before it. */
function changeOf(i) {
  const step = i % cycle;
  if (step === 0) return { kind: "set", value: pattern(6000 + (i % 777), i) };
  if (step === cycle - 1) return { kind: "delete" };
  const before = stateOf(i - 1).byteLength;
  if (step % 3 === 1) {
    const writes = [0, 1, 2].map((part) => ({ offset: 1 + 2000 * part, bytes: pattern(100 + (i % 1800), i + part) }));
    return { kind: "patch", patch: { writes } };
  }
  const tail = { offset: before, bytes: pattern(1 + (i % 3000), i) };
  const writes = step % 3 === 2 ? [tail] : [tail, { offset: 0, bytes: pattern(600, i + 1) }];
  return { kind: "patch", patch: { writes, byteLength: before + tail.bytes.byteLength } };
}

const states = new Map();
function stateOf(i) {
  if (i < 0) return undefined;
  if (states.has(i)) return states.get(i);
  const change = changeOf(i);
  let state;
  if (change.kind === "set") state = change.value;
  else if (change.kind === "patch") {
    const before = stateOf(i - 1);
    const { writes, byteLength = before.byteLength } = change.patch;
    state = new Uint8Array(byteLength);
    state.set(before);
    for (const { offset, bytes } of writes) state.set(bytes, offset);
  }
  if (states.size > 2 * cycle) states.clear();
  states.set(i, state);
  return state;
}

async function write([root, durability, notes, from, isAsync]) {
  const store = new LocalStore(root, { durability });
  const file = openSync(notes, "r+");
  const number = new Float64Array(1);
  writeSync(1, "ready\n");
  for (let i = Number(from); ; i++) {
    const change = changeOf(i);
    if (isAsync === "true") {
      if (change.kind === "set") await store.set(key, change.value);
      else if (change.kind === "delete") await store.delete(key);
      else await store.patch(key, change.patch);
    } else if (change.kind === "set") store.setSync(key, change.value);
    else if (change.kind === "delete") store.deleteSync(key);
    else store.patchSync(key, change.patch);
    number[0] = i;
    writeSync(file, number, 0, 8, 0);
  }
}

async function killOne(args, delay) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "write", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
  await sleep(delay);
  child.kill("SIGKILL");
  if ((await ended) !== "SIGKILL") throw new Error("the writer has ended by itself");
}

function noted(notes) {
  const number = new Float64Array(1);
  const file = openSync(notes, "r");
  try {
    return readSync(file, number, 0, 8, 0) === 8 ? number[0] : -1;
  } finally {
    closeSync(file);
  }
}

function isEqual(a, b) {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/** What a new store finds, which is to be state `reached` or the next one; its number, or what is wrong. */
function look(root, reached) {
  const store = new LocalStore(root);
  // Recovers, and sweeps.
  store.lockSync(key)();
  const found = store.getSync(key);
  store.close();
  const litter = readdirSync(root, { recursive: true }).filter((name) => /(?:^|\/)__/.test(name));
  if (litter.length > 0) return { error: `left over: ${litter.join(", ")}` };
  // Twice the same state: then the later one.
  for (const number of [reached + 1, reached]) if (isEqual(found, stateOf(number))) return { number };
  return { error: `${found?.byteLength} bytes, neither state ${reached} nor the next` };
}

async function lane(root, durability, isAsync, count, report) {
  const notes = `${root}.notes`;
  closeSync(openSync(notes, "w"));
  for (let i = 0, next = 0; i < count; i++) {
    await killOne([root, durability, notes, String(next), String(isAsync)], Math.random() ** 2 * 40);
    const reached = Math.max(noted(notes), next - 1);
    const { number, error } = look(root, reached);
    report(reached + 1 - next, error && `${durability}, ${isAsync ? "asynchronous" : "synchronous"}: ${error}`, number);
    if (error !== undefined) return;
    next = number + 1;
  }
}

async function main(count) {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-kills-"));
  let kills = 0;
  let failed = 0;
  let changes = 0;
  try {
    const report = (made, error) => {
      kills++;
      changes += made;
      if (error === undefined) return;
      failed++;
      console.log(error);
    };
    const lanes = ["process", "power"].flatMap((durability) =>
      [false, true].map((isAsync) => ({ durability, isAsync })),
    );
    await Promise.all(
      lanes.map(({ durability, isAsync }, i) => {
        const root = join(directory, String(i));
        new LocalStore(root).close();
        return lane(root, durability, isAsync, Math.floor((count + i) / lanes.length), report);
      }),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  console.log(`${kills} kills, ${failed} failed, ${changes} changes made`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (process.argv[2] === "write") await write(process.argv.slice(3));
else await main(Number(process.argv[2]));
