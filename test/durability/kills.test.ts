/**
 * Processes killed in the middle of a change of a value, at every call of the file system and at random moments: the value is old or new,
 * to readers and to the next writer, which leaves nothing of the dead one behind.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { LocalStore } from "../../src/node.js";
import { requireBuild } from "../cli/support.js";
import {
  isEqual,
  litterIn,
  type Plan,
  read,
  runChange,
  type Scenario,
  scenarios,
  temporaryDirectory,
} from "./kills_support.js";

requireBuild();
const directory = temporaryDirectory();
/** All of them, or so many that CI has the time for. */
const isLong = process.env.SYNCODEC_KILLS !== undefined;
const randomKills = fileURLToPath(new URL("kills_random.mjs", import.meta.url));
const key = "/a/c/0";
let roots = 0;

/** A store with the scenario's value in it, and nothing else. */
function rootWith({ before }: Scenario): string {
  const root = join(directory, String(roots++));
  mkdirSync(root);
  if (before === undefined) return root;
  const store = new LocalStore(root);
  store.setSync(key, before);
  store.close();
  return root;
}

/** Which of the scenario's values it is; fails if it is none. */
function kindOf({ before, after }: Scenario, value: Uint8Array | undefined): "old" | "new" {
  if (isEqual(value, before)) return "old";
  expect(isEqual(value, after), "old or new").toBe(true);
  return "new";
}

/** What everybody finds after the change was cut; returns whether it is the old value or the new one. */
function checkRecovery(root: string, scenario: Scenario): "old" | "new" {
  const before = litterIn(root);
  const seen = kindOf(scenario, read(new LocalStore(root, { readOnly: true }), key));
  expect(litterIn(root)).toEqual(before);
  const store = new LocalStore(root);
  expect(kindOf(scenario, read(store, key))).toBe(seen);
  // A lock leads to recovery, if reading has not.
  store.lockSync(key)();
  expect(kindOf(scenario, store.getSync(key))).toBe(seen);
  expect(isEqual(read(new LocalStore(root, { readOnly: true }), key), store.getSync(key))).toBe(true);
  store.setSync(key, Uint8Array.of(1, 2, 3));
  store.patchSync(key, { writes: [{ offset: 1, bytes: Uint8Array.of(9) }] });
  expect([...readFileSync(root + key)]).toEqual([1, 9, 3]);
  store.close();
  expect(litterIn(root)).toEqual([]);
  return seen;
}

/** Calls that change what is in the file system: a kill after any other call leaves the same as one before it. */
const changing =
  /^(?:openSync|open|write|writeSync|ftruncate|ftruncateSync|futimesSync|linkSync|unlinkSync|renameSync|mkdirSync|rmdirSync)$/;

/** Every call, and every write half way; or, for CI, one for each state of the file system. */
function* plansFor(calls: readonly string[]): Generator<Plan> {
  for (const [at, name] of calls.entries()) {
    if (isLong || at === 0 || changing.test(calls[at - 1]!)) yield { at };
    if (name.startsWith("write")) yield { at, isCut: true };
  }
}

const inCi = ["slots, W5", "append with the index at the start, W6", "a new value", "a value that is deleted"];

describe.each([
  ["process", false],
  ["process", true],
  ["power", false],
  ["power", true],
] as const)("%s, asynchronous: %s", (durability, isAsync) => {
  const chosen = scenarios.filter(
    ({ name }, i) => isLong || (durability === "process" && !isAsync ? inCi.includes(name) : i === 2),
  );
  for (const scenario of chosen) {
    test(`killed at every call: ${scenario.name}`, { timeout: 600_000 }, () => {
      const options = { store: { durability }, isAsync };
      const whole = rootWith(scenario);
      const { calls } = runChange(whole, key, scenario.change, options);
      expect(checkRecovery(whole, scenario)).toBe("new");
      const found = { old: 0, new: 0 };
      // In CI all for one of them; of the others some, for they differ in who makes the calls, and in the syncs between them.
      const stride =
        isLong || (scenario === scenarios[0] && !isAsync) ? 1 : durability === "process" && !isAsync ? 3 : 8;
      const plans = [...plansFor(calls)].filter((_, i) => i % stride === 0);
      for (const plan of plans) {
        const root = rootWith(scenario);
        expect(runChange(root, key, scenario.change, { ...options, plan }).wasKilled).toBe(true);
        found[checkRecovery(root, scenario)]++;
      }
      expect(found.old).toBeGreaterThan(0);
      // The last calls come after the change.
      if (stride === 1) expect(found.new).toBeGreaterThan(0);
      if (isLong) console.log(`${plans.length} kills: ${found.old} old, ${found.new} new`);
    });
  }
});

test("killed at random moments", { timeout: 3_600_000 }, () => {
  const count = process.env.SYNCODEC_KILLS ?? "50";
  const { status, stdout, stderr } = spawnSync(process.execPath, [randomKills, count], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  if (isLong) console.log(stdout);
  expect(stdout).toMatch(new RegExp(`^${count} kills, 0 failed`, "m"));
});
