/** Operations to be crashed: those of real arrays, and patches made by hand. */

import { crc32c, createArraySync, type IndexLocation, openArraySync, slice, type ZarrArray } from "../../src/index.js";
import type { Patch } from "../../src/stores/store.js";
import { Random } from "../model/random.js";
import { join } from "../support/bytes.js";
import { type Entry, encodeIndex, entryBytes } from "../support/shard_bytes.js";
import { CrashDisk } from "./crash_disk.js";
import { CrashStore, type CrashStoreOptions, type ListedDisk, type Mode } from "./crash_store.js";
import { type Recording, valuesOf } from "./explore.js";

/** How an array is cut. Lengths in bytes, which are elements. */
export interface Geometry {
  readonly slotLength: number;
  /** Inner chunks of a shard. */
  readonly slots: number;
  readonly indexLocation: IndexLocation;
  readonly seed: number;
}

export type Operation = (store: CrashStore) => void;

export interface Scenario {
  readonly name: string;
  readonly setUp: Operation;
  /** What is done before, and not waited for to be on the disk. */
  readonly earlier?: readonly { readonly mode: Mode; readonly operation: Operation }[];
  readonly operation: Operation;
  readonly next?: Operation | undefined;
}

export interface RecordOptions extends Partial<CrashStoreOptions> {
  /** What the operation writes to. Default the disk as it is. */
  readonly disk?: (disk: CrashDisk) => ListedDisk;
}

/** Carries out a scenario in `mode`. */
export function record(scenario: Scenario, mode: Mode, { disk: wrap, ...options }: RecordOptions = {}): Recording {
  const { setUp, earlier = [], operation, next } = scenario;
  const disk = new CrashDisk();
  setUp(new CrashStore(disk, { mode }));
  disk.settle();
  for (const each of earlier) each.operation(new CrashStore(disk, { mode: each.mode }));
  const start = disk.copy();
  const before = valuesOf(disk);
  const done = disk.log.length;
  operation(new CrashStore(wrap?.(disk) ?? disk, { mode, ...options }));
  const log = disk.log.slice(done);
  // What came before without syncs is safe once the patch has a journal.
  const isMixed = earlier.some((each) => each.mode === "process");
  const safe = isMixed ? log.findIndex((change) => change.kind === "create") : 0;
  return { mode, start, log, before, after: valuesOf(disk), powerFrom: mode === "power" ? safe : Infinity, next };
}

/** Bytes none of which is zero, the fill value. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(1, 255));
}

/** Shards are rewritten once more than this share of them is unused: never, or as soon as anything is. */
const thresholds = { append: 1, rewrite: 0 };

const open = (store: CrashStore, path: keyof typeof thresholds = "append"): ZarrArray<"uint8"> =>
  openArraySync<"uint8">(store, { compactionThreshold: thresholds[path] });

export const shardKey = "/c/0";

/** The scenario of this name, without the place of the index. */
export function scenarioOf(geometry: Geometry, name: string): Scenario {
  const found = scenariosOf(geometry).find((scenario) => scenario.name.startsWith(name));
  if (found === undefined) throw new RangeError(name);
  return found;
}

/** The scenarios that `geometry` is crashed in. */
export function scenariosOf(geometry: Geometry): Scenario[] {
  const { slotLength, slots, indexLocation, seed } = geometry;
  const random = new Random(seed);
  const shardLength = slotLength * slots;
  const bytes = (length: number): Uint8Array => randomBytes(random, length);

  // The bytes of an operation are drawn when it is made: whenever it is done, it does the same.
  const create = (shards: number, written: number, compressors: readonly string[] = []): Operation => {
    const shape = [shards * shardLength];
    const cut = { shardShape: [shardLength], chunkShape: [slotLength] };
    const value = bytes(written);
    return (store) =>
      createArraySync(store, { shape, ...cut, dataType: "uint8", indexLocation, compressors }).setSync(
        [slice(written)],
        value,
      );
  };
  const createPlain = (): Operation => {
    const value = bytes(2 * slotLength);
    return (store) =>
      createArraySync(store, { shape: [2 * slotLength], chunkShape: [slotLength], dataType: "uint8" }).setSync(
        null,
        value,
      );
  };
  const set = (start: number, stop: number, path: keyof typeof thresholds = "append"): Operation => {
    const value = bytes(stop - start);
    return (store) => open(store, path).setSync([slice(start, stop)], value);
  };
  const setPoints = (...points: readonly number[]): Operation => {
    const value = bytes(points.length);
    return (store) => open(store).setSync([points], value);
  };
  const clear =
    (start: number, stop: number, path: keyof typeof thresholds = "append"): Operation =>
    (store) =>
      open(store, path).setSync([slice(start, stop)], 0);
  const compact: Operation = (store) => void open(store).compactSync();
  const resize =
    (length: number): Operation =>
    (store) =>
      open(store).resizeSync([length]);
  const append = (length: number): Operation => {
    const chunk = { data: bytes(length), shape: [length], stride: [1] };
    return (store) => open(store).appendSync(chunk);
  };
  const addSlots = (...numbers: readonly number[]): Operation =>
    slotsAdded(
      geometry,
      numbers,
      numbers.map(() => bytes(slotLength)),
    );
  const last = shardLength - slotLength;
  const oneSlot = (): Operation => set(slotLength, 2 * slotLength);
  const twoSlots = (): Operation => set(slotLength - 100, slotLength + 100);
  const scattered = (): Operation => setPoints(3, last + 5);
  const whole = (): Operation => set(0, shardLength);
  const full = (): Operation => create(1, shardLength);
  const twoShards = (): Operation => create(2, 2 * shardLength);
  const compressed = (): Operation => create(2, 2 * shardLength, ["gzip"]);
  const sparse = (): Operation => create(1, slotLength);
  const after = (mode: Mode, operation: Operation): NonNullable<Scenario["earlier"]> => [{ mode, operation }];
  const removeShard: Operation = (store) => store.deleteSync(shardKey);
  const removeArray: Operation = (store) => open(store).deleteSync();

  const location = `index at ${indexLocation}`;
  const scenarios: readonly Scenario[] = [
    { name: "W3", setUp: full(), operation: whole(), next: oneSlot() },
    { name: "W5, one slot", setUp: full(), operation: oneSlot(), next: scattered() },
    { name: "W5, two slots in part", setUp: full(), operation: twoSlots(), next: whole() },
    { name: "W5, scattered", setUp: full(), operation: scattered(), next: twoSlots() },
    { name: "W5, two shards", setUp: twoShards(), operation: set(last, last + 2 * slotLength) },
    { name: "W4, compressed", setUp: compressed(), operation: set(2, 300, "rewrite"), next: twoSlots() },
    { name: "W4, slot vanishes", setUp: full(), operation: clear(0, slotLength, "rewrite"), next: oneSlot() },
    { name: "W6, slot appears", setUp: sparse(), operation: oneSlot(), next: twoSlots() },
    { name: "W6, slot vanishes", setUp: full(), operation: clear(0, slotLength), next: oneSlot() },
    { name: "W6, compressed", setUp: compressed(), operation: twoSlots(), next: oneSlot() },
    { name: "W6, two compressed shards", setUp: compressed(), operation: set(last, last + slotLength + 50) },
    {
      name: "compaction",
      setUp: full(),
      earlier: after("power", clear(0, slotLength)),
      operation: compact,
      next: oneSlot(),
    },
    { name: "shard vanishes", setUp: sparse(), operation: clear(0, slotLength), next: oneSlot() },
    { name: "W6 by hand, one slot", setUp: full(), operation: addSlots(1), next: addSlots(0, 1) },
    { name: "W6 by hand, two slots", setUp: sparse(), operation: addSlots(1, 0), next: oneSlot() },
    { name: "shrink", setUp: twoShards(), operation: resize(slotLength + 7), next: set(2, 8) },
    { name: "grow and append", setUp: full(), operation: append(99) },
    { name: "delete", setUp: full(), operation: removeArray },
    { name: "W5 after W5", setUp: full(), earlier: after("power", twoSlots()), operation: twoSlots() },
    { name: "W3 after W5", setUp: full(), earlier: after("power", twoSlots()), operation: whole() },
    { name: "W6 after W6", setUp: full(), earlier: after("power", addSlots(0)), operation: addSlots(1) },
    { name: "W6 after W6, compressed", setUp: compressed(), earlier: after("power", twoSlots()), operation: oneSlot() },
    { name: "W5 after W6", setUp: full(), earlier: after("power", clear(0, slotLength)), operation: oneSlot() },
    { name: "delete after W6", setUp: full(), earlier: after("power", addSlots(0)), operation: removeShard },
    { name: "W5 after unsynced W5", setUp: full(), earlier: after("process", twoSlots()), operation: oneSlot() },
    { name: "W5 after unsynced W3", setUp: full(), earlier: after("process", whole()), operation: twoSlots() },
    {
      name: "W6 after unsynced W6, compressed",
      setUp: compressed(),
      earlier: after("process", oneSlot()),
      operation: twoSlots(),
    },
    { name: "W6 after unsynced W6", setUp: full(), earlier: after("process", addSlots(0)), operation: addSlots(1) },
  ];
  return [
    { name: "chunk, whole and in part", setUp: createPlain(), operation: set(0, slotLength + 9), next: set(2, 8) },
    { name: "new shard, W3", setUp: create(1, 0), operation: whole(), next: oneSlot() },
    ...scenarios.map((scenario) => ({ ...scenario, name: `${scenario.name}, ${location}` })),
  ];
}

/** Appends new slots for the inner chunks of these numbers, and an index that says so. */
export function slotsAdded(
  { slots, indexLocation: location }: Geometry,
  numbers: readonly number[],
  added: readonly Uint8Array[],
): Operation {
  return (store) => {
    const value = store.getSync(shardKey)!;
    const { byteLength } = value;
    const entries = entriesOf(value, slots, location);
    const guard = location === "end" ? guardOf(entries, byteLength) : undefined;
    let offset = byteLength;
    for (const [i, number] of numbers.entries()) {
      entries[number] = [BigInt(offset), BigInt(added[i]!.byteLength)];
      offset += added[i]!.byteLength;
    }
    const index = encodeIndex(entries, { location });
    const tail = location === "end" ? join(...added, index) : join(...added);
    const writes = [{ offset: byteLength, bytes: tail }];
    if (location === "start") writes.push({ offset: 0, bytes: index });
    store.patchSync(shardKey, { writes, byteLength: byteLength + tail.byteLength, guard });
  };
}

/** The index at the end of a value of so many bytes, but for its own checksum: the CRC-32C of both together never changes. */
function guardOf(entries: readonly Entry[], byteLength: number): Patch["guard"] {
  const bytes = encodeIndex(entries, { hasChecksum: false });
  return { offset: byteLength - bytes.byteLength - 4, length: bytes.byteLength, checksum: crc32c(bytes) };
}

export function entriesOf(value: Uint8Array, slots: number, location: IndexLocation): Entry[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const start = location === "start" ? 0 : value.byteLength - slots * entryBytes - 4;
  return Array.from({ length: slots }, (_, number) => {
    const at = start + number * entryBytes;
    return [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)];
  });
}
