/** Journals with a flipped bit, and values that another program has written before recovery. */

import { beforeAll, describe, expect, test } from "vitest";
import { init } from "../../src/index.js";
import type { Keep } from "../../src/stores/durable.js";
import { Random } from "../model/random.js";
import type { CrashDisk } from "./crash_disk.js";
import { CrashStore, journalPath } from "./crash_store.js";
import { crashesOf } from "./crashes.js";
import { type Geometry, randomBytes, record, scenarioOf, shardKey } from "./scenarios.js";

beforeAll(() => init());

const journal = journalPath(shardKey);
const kinds = [
  ["W5, one slot", "end"],
  ["W6 by hand, one slot", "end"],
  ["W6 by hand, one slot", "start"],
] as const;

interface Killed {
  readonly disk: CrashDisk;
  readonly old: Uint8Array;
  readonly fresh: Uint8Array;
}

/** What a kill leaves from the moment that the journal counts until it is gone, in order. */
function killed(name: string, indexLocation: Geometry["indexLocation"]): Killed[] {
  const geometry: Geometry = { slotLength: 600, slots: 2, indexLocation, seed: 5 };
  const { start, log, before, after } = record(scenarioOf(geometry, name), "process");
  const crashes = crashesOf(start, log, { models: ["kill"], limit: 0, random: new Random(1) });
  return [...crashes]
    .filter(({ disk }) => disk.exists(journal))
    .map(({ disk }) => ({ disk, old: before.get(shardKey)!, fresh: after.get(shardKey)! }));
}

function overwrite(disk: CrashDisk, path: string, offset: number, bytes: Uint8Array): void {
  const file = disk.open(path)!;
  void file.write(offset, bytes);
  void file.close();
}

function replace(disk: CrashDisk, path: string, bytes: Uint8Array): void {
  disk.remove(path);
  const file = disk.create(path);
  void file.write(0, bytes);
  void file.close();
}

/** Recovers; "conflict" only if nothing at all was changed. */
function recover(disk: CrashDisk, keep?: Keep): string {
  const changes = disk.log.length;
  try {
    return new CrashStore(disk, { mode: "process" }).recover(shardKey, keep);
  } catch (error) {
    expect(error).toMatchObject({ code: "JOURNAL_CONFLICT", key: shardKey });
    expect(String(error)).toContain(shardKey);
    expect(String(error)).toContain(journal);
    return disk.log.length === changes ? "conflict" : "conflict, but something was changed";
  }
}

describe.each(kinds)("%s, index at %s", (name, location) => {
  test("a flipped bit of the journal: nothing is touched, or old, or new", () => {
    const all = killed(name, location);
    const outcomes: Record<string, number> = {};
    // The journal alone, in the middle of the writes, all written, and retired.
    for (const at of [0, all.length >> 1, all.length - 2, all.length - 1]) {
      const { disk, old, fresh } = all[at]!;
      const bytes = disk.contents().get(journal)!;
      for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
        const flipped = disk.copy();
        overwrite(flipped, journal, bit >> 3, Uint8Array.of(bytes[bit >> 3]! ^ (1 << (bit & 7))));
        let outcome = recover(flipped);
        if (outcome !== "conflict") {
          const value = flipped.contents().get(shardKey)!;
          const isWhole = [old, fresh].some((each) => Buffer.compare(each, value) === 0);
          outcome = isWhole && !flipped.exists(journal) ? "old or new" : "torn";
        }
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    }
    console.log(name, location, outcomes);
    expect(Object.keys(outcomes)).toEqual(["conflict"]);
  });

  test("a cut journal conflicts", () => {
    const { disk } = killed(name, location)[0]!;
    const bytes = disk.contents().get(journal)!;
    for (let length = 0; length < bytes.byteLength; length++) {
      const cut = disk.copy();
      replace(cut, journal, bytes.subarray(0, length));
      expect(recover(cut)).toBe("conflict");
    }
  });

  /** Whether the value is written by another program in between: of any length, of the same one, of the new one. */
  const foreign = (length: number): Uint8Array => randomBytes(new Random(length), length);

  test("a value that was rewritten since conflicts; then one of both files is kept as the user says", () => {
    for (const { disk, old, fresh } of killed(name, location).slice(0, -1)) {
      for (const length of [0, 100, old.byteLength, fresh.byteLength, fresh.byteLength + 1]) {
        const rewritten = disk.copy();
        const value = foreign(length);
        replace(rewritten, shardKey, value);
        expect(recover(rewritten)).toBe("conflict");
        const keptFile = rewritten.copy();
        expect(recover(keptFile, "file")).toBe("dropped");
        expect(keptFile.contents().get(shardKey)).toEqual(value);
        expect(keptFile.exists(journal)).toBe(false);
        // Neither the tail is in the journal, nor what a shorter value lacks: without them there is nothing to finish with.
        const keptJournal = rewritten.copy();
        const canFinish = fresh.byteLength === old.byteLength && length >= old.byteLength;
        expect(recover(keptJournal, "journal")).toBe(canFinish ? "finished" : "conflict");
        if (canFinish) {
          expect(keptJournal.exists(journal)).toBe(false);
          const finished = keptJournal.contents().get(shardKey)!;
          expect(finished.byteLength).toBe(fresh.byteLength);
          expect(finished.subarray(600, 1200)).toEqual(fresh.subarray(600, 1200));
        }
      }
    }
  });

  test("a removed value conflicts, and is not made anew", () => {
    for (const { disk } of killed(name, location).slice(0, -1)) {
      const removed = disk.copy();
      removed.remove(shardKey);
      expect(recover(removed)).toBe("conflict");
      expect(recover(removed.copy(), "journal")).toBe("conflict");
      expect(recover(removed, "file")).toBe("dropped");
      expect(removed.paths()).toEqual(["/zarr.json"]);
    }
  });
});
