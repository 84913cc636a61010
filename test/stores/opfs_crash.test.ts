/**
 * Values of `OpfsFiles` are old or new wherever it is stopped: at every call of the file system, by a kill or a loss of power, while it changes
 * values and while it recovers them; and when calls fail.
 */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OpfsFiles } from "../../src/browser/opfs_files.js";
import type { Durability } from "../../src/stores/durability.js";
import type { Patch } from "../../src/stores/store.js";
import { FakeOpfs, type Plan, Session } from "../support/fake_opfs.js";

// No idle file is closed behind a test's back.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Bytes that repeat nowhere soon, other ones for each seed. */
function content(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + seed * 101) & 255);
}

type Change =
  | { readonly kind: "set"; readonly value: Uint8Array }
  | { readonly kind: "patch"; readonly patch: Patch }
  | { readonly kind: "delete" };

const place = { key: "/a/0", path: ["store", "a", "0"] };
const neighbour = { key: "/a/1", path: ["store", "a", "1"] };
const neighbourValue = content(700, 99);

const set = (length: number, seed: number): Change => ({ kind: "set", value: content(length, seed) });
const patch = (writes: readonly (readonly [offset: number, length: number])[], byteLength?: number): Change => ({
  kind: "patch",
  patch: {
    writes: writes.map(([offset, length], i) => ({ offset, bytes: content(length, 50 + i) })),
    ...(byteLength !== undefined && { byteLength }),
  },
});
const remove: Change = { kind: "delete" };

interface Scenario {
  /** The value before. */
  readonly before: Uint8Array | undefined;
  readonly changes: readonly Change[];
}

const old = content(3000, 1);
const scenarios: Readonly<Record<string, Scenario>> = {
  "a patch of one place": { before: old, changes: [patch([[1000, 700]])] },
  "a patch of three places": {
    before: old,
    changes: [
      patch([
        [0, 10],
        [700, 400],
        [2990, 10],
      ]),
    ],
  },
  "a patch that appends, and overwrites at the start": {
    before: old,
    changes: [
      patch(
        [
          [3000, 900],
          [0, 100],
        ],
        3900,
      ),
    ],
  },
  "a patch that only appends": { before: old, changes: [patch([[3000, 900]], 3900)] },
  "a patch that cuts": { before: old, changes: [patch([[100, 600]], 1500)] },
  "a longer value": { before: old, changes: [set(4100, 2)] },
  "a shorter value": { before: old, changes: [set(1100, 3)] },
  "a value of the same length": { before: old, changes: [set(3000, 4)] },
  "an empty value": { before: old, changes: [set(0, 5)] },
  "a new value": { before: undefined, changes: [set(2000, 6)] },
  "a new empty value": { before: undefined, changes: [set(0, 6)] },
  "a value in place of an empty one": { before: new Uint8Array(0), changes: [set(1200, 7)] },
  "a deletion": { before: old, changes: [remove] },
  "patches after each other, the second with the shorter journal": {
    before: old,
    changes: [patch([[0, 1500]]), patch([[600, 30]]), patch([[590, 1200]])],
  },
  "a new value, patched, replaced, deleted and set again": {
    before: undefined,
    changes: [set(1000, 8), patch([[200, 500]]), set(1600, 9), remove, set(700, 10)],
  },
};

function after(value: Uint8Array | undefined, change: Change): Uint8Array | undefined {
  if (change.kind === "delete") return undefined;
  if (change.kind === "set") return change.value;
  const result = new Uint8Array(change.patch.byteLength ?? value!.byteLength);
  result.set(value!.subarray(0, result.byteLength));
  for (const { offset, bytes } of change.patch.writes) result.set(bytes, offset);
  return result;
}

/** The value before all changes, and after each. */
function statesOf({ before, changes }: Scenario): (Uint8Array | undefined)[] {
  const states = [before];
  for (const change of changes) states.push(after(states.at(-1), change));
  return states;
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

async function prepared({ before }: Scenario): Promise<FakeOpfs> {
  const opfs = new FakeOpfs();
  const files = new OpfsFiles(new Session(opfs).root);
  await files.set(neighbour, neighbourValue, "process");
  if (before !== undefined) await files.set(place, before, "process");
  await files.closeAll();
  opfs.flush();
  return opfs;
}

async function apply(files: OpfsFiles, change: Change, durability: Durability): Promise<void> {
  if (change.kind === "set") await files.set(place, change.value.slice(), durability);
  else if (change.kind === "patch") await files.patch(place, change.patch, durability);
  else await files.delete(place);
}

/** Makes the changes until the session dies or a call fails; returns how many were made. */
async function change(session: Session, changes: readonly Change[], durability: Durability): Promise<number> {
  const files = new OpfsFiles(session.root);
  for (const [i, each] of changes.entries()) {
    try {
      await apply(files, each, durability);
    } catch (error) {
      if (!session.isDead) throw error;
    }
    if (session.isDead) return i;
  }
  return changes.length;
}

async function read(files: OpfsFiles, which = place): Promise<Uint8Array | undefined> {
  let value: Uint8Array | undefined;
  await files.read(which, undefined, undefined, (length) => {
    value = new Uint8Array(length);
    return value;
  });
  return value;
}

/** The value as the next page finds it, with everything else that must hold. */
async function recovered(opfs: FakeOpfs): Promise<Uint8Array | undefined> {
  const files = new OpfsFiles(new Session(opfs).root);
  const value = await read(files);
  expect(await files.list(["store"], "/")).toEqual(value === undefined ? ["/a/1"] : expect.arrayContaining(["/a/0"]));
  expect(same(await read(files, neighbour), neighbourValue)).toBe(true);
  await files.closeAll();
  expect([...opfs.files.keys()].sort()).toEqual(value === undefined ? ["store/a/1"] : ["store/a/0", "store/a/1"]);
  if (value !== undefined) expect(same(opfs.contents().get("store/a/0"), value)).toBe(true);
  const again = await read(new OpfsFiles(new Session(opfs).root));
  expect(same(again, value)).toBe(true);
  return value;
}

/** Of how many calls the changes, or the recovery, consist. */
async function callsOf(opfs: FakeOpfs, body: (session: Session) => Promise<unknown>): Promise<number> {
  const session = new Session(opfs.copy());
  await body(session);
  return session.calls;
}

const cuts = [0, 5, 9, 80, 512, 1000, 1536, Number.POSITIVE_INFINITY];

async function recoverOnce(session: Session): Promise<void> {
  const files = new OpfsFiles(session.root);
  try {
    await read(files);
    await files.list(["store"], "/");
    await files.closeAll();
  } catch (error) {
    if (!session.isDead) throw error;
  }
}

let states = 0;

/** Kills at every call, in every way; and recovery at every call, too. Returns how many ways led to a value that is neither old nor new. */
async function killEverywhere(scenario: Scenario, durability: Durability): Promise<number> {
  const start = await prepared(scenario);
  const values = statesOf(scenario);
  const calls = await callsOf(start, (session) => change(session, scenario.changes, durability));
  let failures = 0;
  const check = async (opfs: FakeOpfs, done: number): Promise<void> => {
    states++;
    const value = await recovered(opfs);
    if (!same(value, values[done]) && !same(value, values[done + 1])) failures++;
  };
  for (let dieAt = 1; dieAt <= calls; dieAt++) {
    for (const cut of cuts) {
      const opfs = start.copy();
      const done = await change(new Session(opfs, { dieAt, cut }), scenario.changes, durability);
      await check(opfs.copy(), done);
      if (cut !== 0 && cut !== 1000) continue;
      const recovery = await callsOf(opfs, recoverOnce);
      for (let second = 1; second <= recovery; second++) {
        const twice = opfs.copy();
        await recoverOnce(new Session(twice, { dieAt: second, cut: 600 }));
        await check(twice, done);
      }
    }
  }
  return failures;
}

/** A reproducible number from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const imagesPerCall = 120;

async function losePowerEverywhere(scenario: Scenario, durability: Durability, plan: Plan = {}): Promise<number> {
  const start = await prepared(scenario);
  const values = statesOf(scenario);
  const calls = await callsOf(start, (session) => change(session, scenario.changes, durability));
  const random = randomFrom(7);
  let failures = 0;
  const isOneOf = (value: Uint8Array | undefined, done: number): boolean => {
    // Nothing flushes the removal of a name.
    const isDeletion = (i: number): boolean => scenario.changes[i]?.kind === "delete";
    let first = done;
    while (first > 0 && isDeletion(first - 1)) first--;
    return values.slice(first, done + 2).some((each) => same(each, value));
  };
  for (let dieAt = 1; dieAt <= calls + 1; dieAt++) {
    const opfs = start.copy();
    const session = new Session(opfs, { ...plan, dieAt, cut: Number.POSITIVE_INFINITY });
    const done = await change(session, scenario.changes, durability);
    for (const image of opfs.afterPowerLoss(imagesPerCall, random)) {
      states++;
      const recovery = new Session(image, { dieAt: 1 + Math.floor(random() * 16), cut: 600 });
      const [once, twice] = [image.copy(), image];
      let isWhole: boolean;
      try {
        isWhole = isOneOf(await recovered(once), done);
        // Power is lost again during recovery.
        await recoverOnce(recovery);
        for (const second of twice.afterPowerLoss(3, random)) {
          states++;
          isWhole &&= isOneOf(await recovered(second), done);
        }
      } catch {
        isWhole = false;
      }
      if (!isWhole) failures++;
    }
  }
  return failures;
}

describe("killed at every call, and again at every call of the recovery", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const durability of ["process", "power"] as const) {
      test(`${name}: ${durability}`, async () => {
        expect(await killEverywhere(scenario, durability)).toBe(0);
      });
    }
  }

  test("without a journal, values are torn", async () => {
    for (const name of ["a patch of three places", "a shorter value", "a new value"])
      expect(await killEverywhere(scenarios[name]!, "none")).toBeGreaterThan(0);
  });
});

describe("calls that fail", () => {
  /** Makes the changes while calls fail; returns how many were made, and the error of the next one. */
  async function tryAll(files: OpfsFiles, changes: readonly Change[], durability: Durability) {
    for (const [done, each] of changes.entries()) {
      try {
        await apply(files, each, durability);
      } catch (error) {
        return { done, error };
      }
    }
    return { done: changes.length, error: undefined };
  }

  for (const [name, scenario] of Object.entries(scenarios)) {
    test.each(["none", "process", "power"] as const)(
      `${name}: where the quota is used up, the old value stays: %s`,
      async (durability) => {
        const start = await prepared(scenario);
        const values = statesOf(scenario);
        const calls = await callsOf(start, (session) => change(session, scenario.changes, durability));
        for (let failAt = 1; failAt <= calls; failAt++) {
          const opfs = start.copy();
          const files = new OpfsFiles(new Session(opfs, { failAt, failure: "QuotaExceededError", forGood: true }).root);
          const { done, error } = await tryAll(files, scenario.changes, durability);
          if (error !== undefined) expect(error).toMatchObject({ code: "QUOTA_EXCEEDED", key: "/a/0" });
          expect(same(await read(files), values[done])).toBe(true);
          await files.closeAll();
          expect([...opfs.files.keys()].sort()).toEqual(
            values[done] === undefined ? ["store/a/1"] : ["store/a/0", "store/a/1"],
          );
          expect(same(await recovered(opfs), values[done])).toBe(true);
        }
      },
    );

    test(`${name}: where one call fails, the value is old or new`, async () => {
      const start = await prepared(scenario);
      const values = statesOf(scenario);
      for (const durability of ["process", "power"] as const) {
        const calls = await callsOf(start, (session) => change(session, scenario.changes, durability));
        for (let failAt = 1; failAt <= calls; failAt++) {
          const opfs = start.copy();
          const session = new Session(opfs, { failAt });
          const files = new OpfsFiles(session.root);
          const { done, error } = await tryAll(files, scenario.changes, durability);
          if (error !== undefined) expect(error).toMatchObject({ code: "STORE_ERROR", key: "/a/0" });
          const value = await read(files);
          expect(values.slice(done, done + 2).some((each) => same(each, value))).toBe(true);
          session.isDead = true;
          expect(same(await recovered(opfs), value)).toBe(true);
        }
      }
    });
  }
});

describe("a journal that somebody has changed", () => {
  /** A patch that was cut between two of its pieces. */
  async function cutPatch(): Promise<{ opfs: FakeOpfs; journal: Uint8Array; values: (Uint8Array | undefined)[] }> {
    const scenario = scenarios["a patch of three places"]!;
    const start = await prepared(scenario);
    const values = statesOf(scenario);
    const calls = await callsOf(start, (session) => change(session, scenario.changes, "process"));
    for (let dieAt = 1; dieAt <= calls; dieAt++) {
      const opfs = start.copy();
      await change(new Session(opfs, { dieAt }), scenario.changes, "process");
      const value = opfs.contents().get("store/a/0");
      const journal = opfs.contents().get("store/a/__0.journal");
      if (journal !== undefined && !values.some((each) => same(each, value))) return { opfs, journal, values };
    }
    throw new Error("no call cuts the patch");
  }

  /** What is read, or the code of the error, with the journal replaced. */
  async function readWith(opfs: FakeOpfs, journal: Uint8Array): Promise<Uint8Array | undefined | string> {
    const changed = opfs.copy();
    changed.files.get("store/a/__0.journal")!.bytes = journal;
    const files = new OpfsFiles(new Session(changed).root);
    const before = changed.contents().get("store/a/0");
    const found = await read(files).catch(({ code }: { code: string }) => code);
    if (typeof found !== "string") return found;
    // Nothing was touched, and nothing is: not by the next call, nor by a listing or by writes.
    await expect(files.set(place, content(5, 5), "process")).rejects.toMatchObject({ code: found });
    await expect(files.delete(place)).rejects.toMatchObject({ code: found });
    expect(await files.list(["store"], "/")).toContain("/a/0");
    await files.closeAll();
    expect(changed.contents().get("store/a/0")).toBe(before);
    expect(changed.contents().get("store/a/__0.journal")).toBe(journal);
    return found;
  }

  test("in any bit: it is a conflict", async () => {
    const { opfs, journal, values } = await cutPatch();
    expect(same((await readWith(opfs, journal)) as Uint8Array, values[1])).toBe(true);
    for (let bit = 0; bit < journal.byteLength * 8; bit += bit < 640 ? 1 : 7) {
      const flipped = journal.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(await readWith(opfs, flipped)).toBe("JOURNAL_CONFLICT");
    }
  });

  test("in its length: it is a conflict as long as its state is there, and longer it is the same journal", async () => {
    const { opfs, journal, values } = await cutPatch();
    for (let length = 9; length < journal.byteLength; length += 5)
      expect(await readWith(opfs, journal.slice(0, length))).toBe("JOURNAL_CONFLICT");
    const longer = new Uint8Array(journal.byteLength + 100).fill(7);
    longer.set(journal);
    expect(same((await readWith(opfs, longer)) as Uint8Array, values[1])).toBe(true);
  });

  test("what counts can be said", async () => {
    const { opfs, journal, values } = await cutPatch();
    const value = opfs.contents().get("store/a/0");
    // A second change of the value, by a program that knows no journals.
    const foreign = value!.slice();
    foreign.fill(1, 700, 1100);
    for (const keep of ["file", "journal"] as const) {
      const changed = opfs.copy();
      changed.files.get("store/a/0")!.bytes = foreign;
      const files = new OpfsFiles(new Session(changed).root);
      await expect(read(files)).rejects.toMatchObject({ code: "JOURNAL_CONFLICT", key: "/a/0" });
      await expect(files.recover(place, undefined)).rejects.toMatchObject({ code: "JOURNAL_CONFLICT", key: "/a/0" });
      expect(await files.recover(place, keep)).toBe(keep === "file" ? "dropped" : "finished");
      expect(await files.recover(place, keep)).toBe("nothing to do");
      const expected = keep === "file" ? foreign : values[1];
      expect(same(await recovered(changed), expected)).toBe(true);
    }
    const damaged = opfs.copy();
    damaged.files.get("store/a/__0.journal")!.bytes = journal.slice(0, 100);
    const files = new OpfsFiles(new Session(damaged).root);
    await expect(files.recover(place, "journal")).rejects.toMatchObject({ code: "JOURNAL_CONFLICT" });
    await files.recover(place, "file");
    expect(same(await recovered(damaged), value)).toBe(true);
  });
});

describe("power lost at every call", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(name, async () => {
      expect(await losePowerEverywhere(scenario, "power")).toBe(0);
    });
  }

  test("without flushes, values are torn or in conflict", async () => {
    for (const name of ["a patch of three places", "a longer value", "a new value"]) {
      expect(await losePowerEverywhere(scenarios[name]!, "process")).toBeGreaterThan(0);
      expect(await losePowerEverywhere(scenarios[name]!, "power", { ignoresFlush: true })).toBeGreaterThan(0);
    }
  });

  test("many states were tried", () => {
    console.log(`${states} states`);
    expect(states).toBeGreaterThan(20_000);
  });
});
