/** What the protocol looks at besides syncs, each left out in turn: states that it keeps are then lost. */

import { beforeAll, describe, expect, test } from "vitest";
import { crc32c, init, RuntimeError } from "../../src/index.js";
import type { JournalKeeper } from "../../src/stores/durable.js";
import { decodeJournal, encodeJournal, type Journal, type Piece, sectorBytes } from "../../src/stores/journal.js";
import type { SyncStore } from "../../src/stores/store.js";
import { Random } from "../model/random.js";
import { join } from "../support/bytes.js";
import { encodeIndex } from "../support/shard_bytes.js";
import { CrashDisk } from "./crash_disk.js";
import { CrashStore, journalPath, type Mode } from "./crash_store.js";
import { crashesOf } from "./crashes.js";
import { Exploration, type ExploreOptions, valuesOf } from "./explore.js";
import { type Geometry, type Operation, randomBytes, record, scenarioOf, shardKey } from "./scenarios.js";

beforeAll(() => init());

const geometry: Geometry = { slotLength: 1100, slots: 2, indexLocation: "end", seed: 11 };
const options = (): ExploreOptions => ({ random: new Random(1), limit: 256, again: 0.2 });

/** A keeper that tells another journal than there is. */
function telling(keeper: JournalKeeper, change: (journal: Journal) => Journal): JournalKeeper {
  return {
    *read() {
      const found = decodeJournal((yield* keeper.read()) ?? new Uint8Array(0));
      return found.kind === "live" ? encodeJournal(change(found.journal)) : yield* keeper.read();
    },
    commit: (bytes, power) => keeper.commit(bytes, power),
    retire: (power) => keeper.retire(power),
    secure: () => keeper.secure(),
  };
}

/** A keeper that keeps another journal than it is given. */
function keeping(keeper: JournalKeeper, change: (journal: Journal) => Journal): JournalKeeper {
  return {
    read: () => keeper.read(),
    commit(bytes, power) {
      const found = decodeJournal(bytes);
      return keeper.commit(found.kind === "live" ? encodeJournal(change(found.journal)) : bytes, power);
    },
    retire: (power) => keeper.retire(power),
    secure: () => keeper.secure(),
  };
}

function readValue(disk: CrashDisk): Uint8Array {
  return disk.contents().get(shardKey)!;
}

test("without the checksum of the tail, a value that has its length only counts as complete", () => {
  let disk = new CrashDisk();
  const exploration = new Exploration({
    ...options(),
    recoveringDisk(crashed) {
      disk = crashed;
      return crashed;
    },
    recoveringStore: {
      keeper: (keeper) =>
        telling(keeper, (journal) => {
          const { oldLength, newLength } = journal;
          const value = readValue(disk);
          return value.byteLength === newLength
            ? { ...journal, tailChecksum: crc32c(value.subarray(oldLength)) }
            : journal;
        }),
    },
  });
  exploration.explore(record(scenarioOf(geometry, "W6 by hand, one slot"), "power"));
  expect(exploration.failureCounts()).toEqual({ "neither old nor new": expect.any(Number) });
});

describe("pieces", () => {
  /** The journal's pieces, cut at other places. */
  function recut({ pieces, ...journal }: Journal, old: Uint8Array): Journal {
    const start = pieces[0]!.offset;
    const bytes = join(...pieces.map((piece) => piece.bytes));
    const cut: Piece[] = [];
    for (let from = 0; from < bytes.byteLength; from += sectorBytes) {
      const part = bytes.subarray(from, from + sectorBytes);
      const offset = start + from;
      cut.push({ offset, bytes: part, oldChecksum: crc32c(old.slice(offset, offset + part.byteLength).reverse()) });
    }
    return { ...journal, pieces: cut };
  }

  const explorePieces = (change: (journal: Journal, old: Uint8Array) => Journal): Exploration => {
    const exploration = new Exploration(options());
    let disk = new CrashDisk();
    const scenario = scenarioOf(geometry, "W5, one slot");
    exploration.explore(
      record(scenario, "power", {
        disk(start) {
          disk = start;
          return start;
        },
        keeper: (keeper) => keeping(keeper, (journal) => change(journal, readValue(disk))),
      }),
    );
    return exploration;
  };

  test("cut at multiples of 512 from the start of the overwrite, they conflict without a reason", () => {
    expect(explorePieces(recut).failureCounts()).toEqual({ JOURNAL_CONFLICT: expect.any(Number) });
    expect(explorePieces((journal) => journal).failureCounts()).toEqual({});
  });

  /** Over the end of the value, where it has no multiple of 512. */
  const overEnd: Operation = (store) => {
    const { byteLength } = store.getSync(shardKey)!;
    const bytes = randomBytes(new Random(5), 900);
    store.patchSync(shardKey, { writes: [{ offset: byteLength - 200, bytes }], byteLength: byteLength + 700 });
  };

  test.each(["process", "power"] as const)("none reaches over the old length: a patch over it is kept, %s", (mode) => {
    const journals: Journal[] = [];
    const scenario = { ...scenarioOf(geometry, "W5, one slot"), operation: overEnd, next: undefined };
    const recording = record(scenario, mode, {
      keeper: (keeper) =>
        keeping(keeper, (journal) => {
          journals.push(journal);
          return journal;
        }),
    });
    expect(journals).toHaveLength(1);
    for (const { oldLength, pieces } of journals) {
      for (const { offset, bytes } of pieces) {
        const end = offset + bytes.byteLength;
        expect(end).toBeLessThanOrEqual(oldLength);
        expect(Math.floor(offset / sectorBytes)).toBe(Math.floor((end - 1) / sectorBytes));
      }
    }
    const exploration = new Exploration(options());
    exploration.explore(recording);
    // The index is overwritten: what is stored is no shard, but it is old or new.
    expect(exploration.failureCounts()).toEqual({});
  });
});

/** The disks that a kill leaves of a patch whose journal counts. */
function* killedWithJournal(
  name: string,
  mode: Mode,
): Generator<{ disk: CrashDisk; old: Uint8Array; fresh: Uint8Array }> {
  const { start, log, before, after } = record(scenarioOf(geometry, name), mode);
  const [old, fresh] = [before.get(shardKey)!, after.get(shardKey)!];
  for (const { disk } of crashesOf(start, log, { models: ["kill"], limit: 0, random: new Random(1) }))
    if (disk.exists(journalPath(shardKey))) yield { disk, old, fresh };
}

const isOneOf = (value: Uint8Array | undefined, ...options: readonly Uint8Array[]): boolean =>
  value !== undefined && options.some((option) => Buffer.compare(option, value) === 0);

function flipBit(disk: CrashDisk, path: string, bit: number): void {
  const file = disk.open(path)!;
  const byte = disk.contents().get(path)![bit >> 3]!;
  void file.write(bit >> 3, Uint8Array.of(byte ^ (1 << (bit & 7))));
  void file.close();
}

test("a journal under its name with a wrong checksum is a conflict; if it counted for nothing, values would be torn", () => {
  let torn = 0;
  for (const { disk, old, fresh } of killedWithJournal("W5, one slot", "process")) {
    flipBit(disk, journalPath(shardKey), 200 * 8);
    const contents = disk.contents();
    expect(() => new CrashStore(disk, { mode: "process" }).lockSync(shardKey)).toThrow(RuntimeError);
    expect(disk.contents()).toEqual(contents);
    new CrashStore(disk, { mode: "process" }).recover(shardKey, "file");
    if (!isOneOf(readValue(disk), old, fresh)) torn++;
  }
  expect(torn).toBeGreaterThan(0);
});

test("inner chunks with checksums of their own, rewritten by another program, conflict", () => {
  /** Two slots fill a sector. */
  const sealed = (seed: number): Uint8Array => {
    const bytes = randomBytes(new Random(seed), 252);
    const checksum = new DataView(new ArrayBuffer(4));
    checksum.setUint32(0, crc32c(bytes), true);
    return join(bytes, new Uint8Array(checksum.buffer));
  };
  const slots = (...seeds: readonly number[]): Uint8Array => join(...seeds.map(sealed));
  const disk = new CrashDisk();
  new CrashStore(disk, { mode: "process" }).setSync(shardKey, slots(1, 2, 3, 4));
  disk.settle();
  const killed = disk.copy();
  new CrashStore(disk, { mode: "process" }).patchSync(shardKey, { writes: [{ offset: 0, bytes: slots(5, 6, 7, 8) }] });
  for (const change of disk.log.slice(0, disk.log.findIndex(({ kind }) => kind === "rename") + 1)) killed.apply(change);
  // Either of a sector's slots is enough.
  for (const rewritten of [slots(1, 9, 10, 4), slots(9, 2, 3, 10), slots(9, 10, 11, 12)]) {
    const found = killed.copy();
    const file = found.open(shardKey)!;
    void file.write(0, rewritten);
    void file.close();
    const before = found.contents();
    expect(() => new CrashStore(found, { mode: "process" }).lockSync(shardKey)).toThrow(RuntimeError);
    expect(found.contents()).toEqual(before);
  }
});

/** Forgets to recover when it takes a lock. */
class CarelessStore extends CrashStore {
  override recover(): "nothing to do" {
    return "nothing to do";
  }
}

describe("whole writes and deletes recover first", () => {
  const value = randomBytes(new Random(6), 3000);
  const write = (store: SyncStore): void => store.setSync(shardKey, value);
  const remove = (store: SyncStore): void => store.deleteSync(shardKey);

  function lost(
    Store: typeof CrashStore,
    operation: (store: SyncStore) => void,
    expected: Uint8Array | undefined,
  ): number {
    let count = 0;
    for (const name of ["W5, one slot", "W6 by hand, one slot"]) {
      for (const { disk } of killedWithJournal(name, "process")) {
        operation(new Store(disk, { mode: "process" }));
        try {
          new CrashStore(disk, { mode: "process" }).lockSync(shardKey);
        } catch (error) {
          expect(error).toMatchObject({ code: "JOURNAL_CONFLICT" });
          count++;
          continue;
        }
        const found = disk.contents().get(shardKey);
        if (found === undefined ? expected !== undefined : expected === undefined || !isOneOf(found, expected)) count++;
      }
    }
    return count;
  }

  test.each([
    ["whole write", write, value],
    ["delete", remove, undefined],
  ] as const)("%s", (_, operation, expected) => {
    expect(lost(CrashStore, operation, expected)).toBe(0);
    expect(lost(CarelessStore, operation, expected)).toBeGreaterThan(0);
  });
});

describe("the index that the patch relies upon", () => {
  const slot = randomBytes(new Random(8), 600);
  const data = [slot, randomBytes(new Random(9), 600)] as const;
  const entry = (offset: number): readonly [bigint, bigint] => [BigInt(offset), 600n];
  const index = encodeIndex([entry(0), entry(600)]);
  const shard = join(...data, index);
  /** As another program writes it: the same slots, each in the other one's place. */
  const permuted = join(...data, encodeIndex([entry(600), entry(0)]));

  /** Whether the patch of the first slot, cut before its overwrite, then lands in the shard that was rewritten. */
  function isMerged(hasGuard: boolean): boolean {
    const disk = new CrashDisk();
    // Without its own checksum: the CRC-32C of bytes that their CRC-32C follows is the same for all bytes.
    const entries = index.subarray(0, -4);
    const guard = { offset: 1200, length: entries.byteLength, checksum: crc32c(entries) };
    const patch = {
      writes: [{ offset: 0, bytes: randomBytes(new Random(10), 600) }],
      guard: hasGuard ? guard : undefined,
    };
    new CrashStore(disk, { mode: "process" }).setSync(shardKey, shard);
    const start = disk.copy();
    const done = disk.log.length;
    new CrashStore(disk, { mode: "process" }).patchSync(shardKey, patch);
    const log = disk.log.slice(done);
    const committed = log.findIndex(({ kind }) => kind === "rename") + 1;
    for (const change of log.slice(0, committed)) start.apply(change);
    const file = start.open(shardKey)!;
    void file.write(0, permuted);
    void file.close();
    const before = start.contents();
    try {
      new CrashStore(start, { mode: "process" }).lockSync(shardKey);
    } catch (error) {
      expect(error).toMatchObject({ code: "JOURNAL_CONFLICT" });
      expect(start.contents()).toEqual(before);
      return false;
    }
    return !isOneOf(valuesOf(start).get(shardKey), permuted);
  }

  test("without its checksum in the journal, a patch lands in another slot of a shard rewritten since", () => {
    expect(isMerged(true)).toBe(false);
    expect(isMerged(false)).toBe(true);
  });
});
