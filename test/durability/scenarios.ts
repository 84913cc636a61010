/** Operations to be crashed: those of real arrays, and patches made by hand. */

import { createArraySync, type IndexLocation, openArraySync, slice, type ZarrArray } from "../../src/index.js";
import { Random } from "../model/random.js";
import { join } from "../support/bytes.js";
import { type Entry, encodeIndex, entryBytes } from "../support/shard_bytes.js";
import { CrashDisk } from "./crash_disk.js";
import { CrashStore, type CrashStoreOptions, type Mode } from "./crash_store.js";
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
  readonly next?: Operation;
}

/** Carries out a scenario in `mode`. */
export function record(scenario: Scenario, mode: Mode, options: Partial<CrashStoreOptions> = {}): Recording {
  const { setUp, earlier = [], operation, next } = scenario;
  const disk = new CrashDisk();
  setUp(new CrashStore(disk, { mode }));
  disk.settle();
  for (const each of earlier) each.operation(new CrashStore(disk, { mode: each.mode }));
  const start = disk.copy();
  const before = valuesOf(disk);
  const done = disk.log.length;
  operation(new CrashStore(disk, { mode, ...options }));
  const log = disk.log.slice(done);
  // What was written without syncs becomes safe by the first sync of the patch, that of the directory being its last.
  const isMixed = earlier.some((each) => each.mode === "process");
  const safe = isMixed ? log.findIndex(({ kind }) => kind === "sync directory") + 1 : 0;
  return { mode, start, log, before, after: valuesOf(disk), powerFrom: mode === "power" ? safe : Infinity, next };
}

/** Bytes none of which is zero, the fill value. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(1, 255));
}

const open = (store: CrashStore): ZarrArray<"uint8"> => openArraySync<"uint8">(store);

const shardKey = "/c/0";

/** The scenarios that `geometry` is crashed in. */
export function scenariosOf(geometry: Geometry): Scenario[] {
  const { slotLength, slots, indexLocation, seed } = geometry;
  const random = new Random(seed);
  const shardLength = slotLength * slots;
  const bytes = (length: number): Uint8Array => randomBytes(random, length);

  // The bytes of an operation are drawn when it is made: whenever it is done, it does the same.
  const create = (shards: number, written: number): Operation => {
    const shape = [shards * shardLength];
    const cut = { shardShape: [shardLength], chunkShape: [slotLength] };
    const value = bytes(written);
    return (store) =>
      createArraySync(store, { shape, ...cut, dataType: "uint8", indexLocation }).setSync([slice(written)], value);
  };
  const createPlain = (): Operation => {
    const value = bytes(2 * slotLength);
    return (store) =>
      createArraySync(store, { shape: [2 * slotLength], chunkShape: [slotLength], dataType: "uint8" }).setSync(
        null,
        value,
      );
  };
  const set = (start: number, stop: number): Operation => {
    const value = bytes(stop - start);
    return (store) => open(store).setSync([slice(start, stop)], value);
  };
  const setPoints = (...points: readonly number[]): Operation => {
    const value = bytes(points.length);
    return (store) => open(store).setSync([points], value);
  };
  const clear =
    (start: number, stop: number): Operation =>
    (store) =>
      open(store).setSync([slice(start, stop)], 0);
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
    { name: "slot appears", setUp: sparse(), operation: oneSlot(), next: twoSlots() },
    { name: "slot vanishes", setUp: full(), operation: clear(0, slotLength), next: oneSlot() },
    { name: "shard vanishes", setUp: sparse(), operation: clear(0, slotLength), next: oneSlot() },
    { name: "W6 by hand, one slot", setUp: full(), operation: addSlots(1), next: addSlots(0, 1) },
    { name: "W6 by hand, two slots", setUp: sparse(), operation: addSlots(1, 0), next: oneSlot() },
    { name: "shrink", setUp: twoShards(), operation: resize(slotLength + 7), next: set(2, 8) },
    { name: "grow and append", setUp: full(), operation: append(99) },
    { name: "delete", setUp: full(), operation: removeArray },
    { name: "W5 after W5", setUp: full(), earlier: after("power", twoSlots()), operation: twoSlots() },
    { name: "W3 after W5", setUp: full(), earlier: after("power", twoSlots()), operation: whole() },
    { name: "W6 after W6", setUp: full(), earlier: after("power", addSlots(0)), operation: addSlots(1) },
    { name: "delete after W6", setUp: full(), earlier: after("power", addSlots(0)), operation: removeShard },
    { name: "W5 after unsynced W5", setUp: full(), earlier: after("process", twoSlots()), operation: oneSlot() },
    { name: "W5 after unsynced W3", setUp: full(), earlier: after("process", whole()), operation: twoSlots() },
    { name: "W6 after unsynced W6", setUp: full(), earlier: after("process", addSlots(0)), operation: addSlots(1) },
  ];
  return [
    { name: "chunk, whole and in part", setUp: createPlain(), operation: set(0, slotLength + 9), next: set(2, 8) },
    { name: "W3, new shard", setUp: create(1, 0), operation: whole(), next: oneSlot() },
    ...scenarios.map((scenario) => ({ ...scenario, name: `${scenario.name}, ${location}` })),
  ];
}

/** Appends new slots for the inner chunks of these numbers, and an index that says so. */
function slotsAdded(
  { slots, indexLocation: location }: Geometry,
  numbers: readonly number[],
  added: readonly Uint8Array[],
): Operation {
  return (store) => {
    const value = store.getSync(shardKey)!;
    const { byteLength } = value;
    const entries = entriesOf(value, slots, location);
    let offset = byteLength;
    for (const [i, number] of numbers.entries()) {
      entries[number] = [BigInt(offset), BigInt(added[i]!.byteLength)];
      offset += added[i]!.byteLength;
    }
    const index = encodeIndex(entries, { location });
    const tail = location === "end" ? join(...added, index) : join(...added);
    const writes = [{ offset: byteLength, bytes: tail }];
    if (location === "start") writes.push({ offset: 0, bytes: index });
    store.patchSync(shardKey, { writes, byteLength: byteLength + tail.byteLength });
  };
}

function entriesOf(value: Uint8Array, slots: number, location: IndexLocation): Entry[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const start = location === "start" ? 0 : value.byteLength - slots * entryBytes - 4;
  return Array.from({ length: slots }, (_, number) => {
    const at = start + number * entryBytes;
    return [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)];
  });
}
