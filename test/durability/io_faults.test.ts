/** Calls of the disk that fail: a typed error, the old value or at least one that recovery decides, and no litter. Then crashes on top. */

import { beforeAll, describe, expect, test } from "vitest";
import { init, RuntimeError } from "../../src/index.js";
import { Random } from "../model/random.js";
import { type CrashDisk, systemError } from "./crash_disk.js";
import { CrashStore, isHidden, journalPath, type Mode } from "./crash_store.js";
import { Exploration, type Recording, valuesOf } from "./explore.js";
import { type DiskCall, HookedDisk } from "./hooked_disk.js";
import { type Geometry, record, type Scenario, scenarioOf, shardKey } from "./scenarios.js";

beforeAll(() => init());

const geometryOf = (indexLocation: Geometry["indexLocation"]): Geometry => ({
  slotLength: 1100,
  slots: 2,
  indexLocation,
  seed: 9,
});

/** What fails: one call, and perhaps all after it. */
interface Fault {
  readonly code: "ENOSPC" | "EIO";
  /** Counted from 0. */
  readonly call: number;
  readonly isLasting: boolean;
}

/** Throws at the fault; of a write, the first sectors are made. */
function failing(disk: CrashDisk, { code, call: first, isLasting }: Fault, calls: DiskCall[]): HookedDisk {
  return new HookedDisk(disk, (call, proceed) => {
    const number = calls.push(call) - 1;
    const fails = isLasting ? number >= first : number === first;
    if (!fails) {
      proceed();
      return;
    }
    // What cannot be closed is closed all the same.
    if (call.kind === "close") proceed();
    if (call.kind === "write") proceed(0.5);
    throw systemError(code, call.path);
  });
}

interface Failed {
  readonly fault: Fault;
  readonly disk: CrashDisk;
  /** All changes of the disk that were made in spite of the fault. */
  readonly recording: Recording;
  readonly error: unknown;
}

/** The operation with a fault at each of its calls in turn, those that the fault itself leads to not counted. */
function* failures(scenario: Scenario, mode: Mode, code: Fault["code"], isLasting: boolean): Generator<Failed> {
  const whole = record(scenario, mode);
  for (let call = 0; ; call++) {
    const fault = { code, call, isLasting };
    const disk = whole.start.copy();
    const calls: DiskCall[] = [];
    let error: unknown;
    try {
      scenario.operation(new CrashStore(failing(disk, fault, calls), { mode }));
    } catch (thrown) {
      error = thrown;
    }
    if (calls.length <= call) return;
    yield {
      fault,
      disk,
      error,
      recording: { ...whole, log: disk.log, hasFailed: error !== undefined, next: undefined },
    };
  }
}

/** The number of the call from which on the operation is done whatever happens, but for tidying up. */
function pointOfNoReturn(scenario: Scenario, mode: Mode): number {
  const { start } = record(scenario, mode);
  const calls: DiskCall[] = [];
  const never: Fault = { code: "EIO", call: Infinity, isLasting: false };
  scenario.operation(new CrashStore(failing(start.copy(), never, calls), { mode }));
  const renamed = calls.findIndex(({ kind }) => kind === "rename");
  if (!calls[renamed]!.path.includes(".journal")) return renamed + 1;
  return calls.findIndex(({ kind, path }, i) => i > renamed && kind === "write" && path.includes(".journal"));
}

const isTyped = (error: unknown, code: string): boolean => {
  const cause = error instanceof RuntimeError ? error.cause : error;
  return cause instanceof Error && "code" in cause && cause.code === code;
};

const operations = [
  ["W3, index", "end"],
  ["W5, two slots in part", "end"],
  ["W6 by hand, one slot", "end"],
  ["W6 by hand, one slot", "start"],
] as const;

describe.each(["process", "power"] as const)("%s", (mode) => {
  describe.each(operations)("%s, index at %s", (name, location) => {
    const scenario = scenarioOf(geometryOf(location), name);

    test.each([false, true])("every call fails, and all after it: %s", (isLasting) => {
      const noReturn = pointOfNoReturn(scenario, mode);
      const counts = { old: 0, new: 0, "left to recovery": 0 };
      const failed = (["ENOSPC", "EIO"] as const).flatMap((code) => [...failures(scenario, mode, code, isLasting)]);
      for (const { fault, disk, error, recording } of failed) {
        const old = recording.before.get(shardKey)!;
        const fresh = recording.after.get(shardKey)!;
        const where = `call ${fault.call}, ${fault.code}`;
        expect(isTyped(error, fault.code), where).toBe(true);
        expect(disk.openFiles, where).toBe(0);
        const found = valuesOf(disk).get(shardKey)!;
        const litter = disk.paths().filter(isHidden);
        if (disk.exists(journalPath(shardKey)) && fault.call < noReturn) {
          // Only if undoing it failed too.
          expect(isLasting, where).toBe(true);
          counts["left to recovery"]++;
        } else {
          expect(Buffer.compare(found, fault.call < noReturn ? old : fresh), where).toBe(0);
          counts[fault.call < noReturn ? "old" : "new"]++;
        }
        if (!isLasting && fault.call < noReturn) expect(litter, where).toEqual([]);
        new CrashStore(disk, { mode }).lockSync(shardKey)();
        expect(disk.paths().filter(isHidden), where).toEqual([]);
        const decided = valuesOf(disk).get(shardKey)!;
        expect(Math.min(...[old, fresh].map((each) => Math.abs(Buffer.compare(each, decided)))), where).toBe(0);
      }
      console.log(`${name}, index at ${location}, ${mode}, lasting: ${isLasting}`, JSON.stringify(counts));
      expect(counts.old).toBeGreaterThan(0);
    });

    test("a fault, and a crash on top of it", () => {
      const exploration = new Exploration({ random: new Random(1), limit: 64, again: 0.05, keepsSectors: true });
      for (const isLasting of [false, true]) {
        for (const { recording } of failures(scenario, mode, "EIO", isLasting)) exploration.explore(recording);
      }
      console.log(`${name}, index at ${location}, ${mode}: ${exploration.states.size} states`);
      expect(exploration.failureCounts()).toEqual({});
    });
  });
});
