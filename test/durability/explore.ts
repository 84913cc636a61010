/**
 * Crashes an operation everywhere, recovers, and looks at what is there; crashes the recovery everywhere too, and what comes after it.
 *
 * After every crash each value must be, byte for byte, one that it may be; no journal and no temporary file may be left; every inner chunk
 * must be readable; and a second recovery must not change anything.
 */

import { openArraySync, SyncodecError } from "../../src/index.js";
import type { Random } from "../model/random.js";
import { type CrashDisk, type DiskChange, fingerprintOf } from "./crash_disk.js";
import { CrashStore, type CrashStoreOptions, isHidden, type ListedDisk, type Mode } from "./crash_store.js";
import { type Crash, type CrashModel, crashesOf } from "./crashes.js";

export type Values = ReadonlyMap<string, Uint8Array>;

/** An operation as it was carried out, to be crashed. */
export interface Recording {
  readonly mode: Mode;
  /** As the operation found it, with all that earlier ones left unsynced. */
  readonly start: CrashDisk;
  readonly log: readonly DiskChange[];
  readonly before: Values;
  readonly after: Values;
  /** Whether it failed: then the values may be old or new at its end, too. */
  readonly hasFailed?: boolean;
  /** After so many changes the operation survives a loss of power. Never, if infinite. */
  readonly powerFrom: number;
  /** What is done after a crash and its recovery, to be crashed in turn. */
  readonly next?: ((store: CrashStore) => void) | undefined;
}

export interface ExploreOptions {
  readonly random: Random;
  /** Losses of power looked at before each sync; after a second crash, an eighth of it. */
  readonly limit: number;
  /** How many of the crashes are followed by another one, and by the next operation. */
  readonly again: number;
  /** The disk that recovers. Default the crashed one as it is. */
  readonly recoveringDisk?: (disk: CrashDisk) => ListedDisk;
  readonly recoveringStore?: Partial<CrashStoreOptions>;
  /** Whether writes are cut between sectors only, as pages and blocks are. Default false. */
  readonly keepsSectors?: boolean;
  /** Whether a value passes that differs from old and new, but reads as one of them. */
  readonly isLenient?: boolean;
}

/** The values that every key may have: `undefined` where it may be missing. */
class Expected {
  static #count = 0;
  readonly id: number = Expected.#count++;
  readonly options: ReadonlyMap<string, readonly (Uint8Array | undefined)[]>;

  constructor(options: ReadonlyMap<string, readonly (Uint8Array | undefined)[]>) {
    this.options = options;
  }

  static anyOf(...versions: readonly Values[]): Expected {
    const keys = new Set(versions.flatMap((version) => [...version.keys()]));
    return new Expected(new Map([...keys].map((key) => [key, versions.map((version) => version.get(key))])));
  }

  /** What is wrong with `values`, if anything is. */
  fault(values: Values): string | undefined {
    for (const path of values.keys()) {
      if (isHidden(path)) return "a journal or a temporary file is left";
      if (!this.options.has(path)) return "a file has come from nowhere";
    }
    for (const [key, options] of this.options)
      if (!options.some((option) => isSame(option, values.get(key)))) return "neither old nor new";
    return undefined;
  }

  /** With one value for the `keys`. */
  narrowed(keys: readonly string[], values: Values): Expected {
    if (keys.length === 0) return this;
    return new Expected(
      new Map([...this.options].map(([key, options]) => [key, keys.includes(key) ? [values.get(key)] : options])),
    );
  }
}

/** What may be found after so many of `count` changes that turn `before` into `after`, where `before` need not be on the disk for good. */
function followed(expected: Expected, before: Values, after: Values, count: number): Part["expected"] {
  const done = new Map(expected.options);
  const during = new Map(expected.options);
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (isSame(before.get(key), after.get(key))) continue;
    done.set(key, [after.get(key)]);
    during.set(key, [...(during.get(key) ?? [undefined]), after.get(key)]);
  }
  const [first, last] = [new Expected(during), new Expected(done)];
  return (changes) => (changes === count ? last : first);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/** The values that are not the store's own. */
export function valuesOf(disk: CrashDisk): Values {
  return new Map([...disk.contents()].filter(([path]) => !isHidden(path)));
}

/** The elements of the array on the disk, or the code of the error that reading them raises. */
function elementsOf(values: Values): Uint8Array | string {
  try {
    return openArraySync<"uint8">(new Map(values)).getSync().data;
  } catch (error) {
    if (error instanceof SyncodecError) return error.code;
    throw error;
  }
}

/** What became of one crashed disk. */
interface Recovered {
  readonly fault: string | undefined;
  readonly disk: CrashDisk;
  readonly expected: Expected;
}

export class Exploration {
  /** Fingerprints of the disks that crashes left, as recovery finds them. */
  readonly states: Set<string> = new Set();
  /** The same by the crash that led there: "kill", "power"; "again: kill", if it was not the first one; "next: kill", after what came next. */
  readonly statesByCrash: Map<string, Set<string>> = new Map();
  /** Those of the states that recovery fails for, and how. */
  readonly failures: Map<string, string> = new Map();
  readonly #options: ExploreOptions;
  readonly #done = new Set<string>();

  constructor(options: ExploreOptions) {
    this.#options = options;
  }

  explore(recording: Recording): void {
    const { mode, start, log, before, after, powerFrom, next, hasFailed = false } = recording;
    const models: readonly CrashModel[] = powerFrom === Infinity ? ["kill"] : ["kill", "power"];
    const both = Expected.anyOf(before, after);
    const done = hasFailed ? both : Expected.anyOf(after);
    this.#explore({
      start,
      log,
      mode,
      models,
      powerFrom,
      next,
      stage: "",
      depth: 2,
      limit: this.#options.limit,
      expected: (count) => (count === log.length ? done : both),
      isReadable: once(this.#reader(before, after)),
    });
  }

  /** How many of the failures are of each kind. */
  failureCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const fault of this.failures.values()) counts[fault] = (counts[fault] ?? 0) + 1;
    return counts;
  }

  #explore(part: Part): void {
    const { random, again, keepsSectors = false } = this.#options;
    const { start, log, models, powerFrom, depth, limit } = part;
    for (const crash of crashesOf(start, log, { models, limit, random })) {
      if ((crash.model === "power" && crash.done < powerFrom) || (crash.isInSector && keepsSectors)) continue;
      const expected = part.expected(crash.done);
      const fingerprint = fingerprintOf(crash.disk.contents());
      const name = `${part.stage}${crash.model}`;
      this.#count(name, fingerprint);
      // Two kills may leave the same files, and different ones after a loss of power.
      const isNew = this.#isNew(`${name} ${expected.id} ${crash.model === "kill" ? crash.done : ""} ${fingerprint}`);
      if (!isNew) continue;
      const recovered = this.#recover(crash, expected, part);
      if (recovered.fault !== undefined) {
        this.failures.set(fingerprint, recovered.fault);
        continue;
      }
      if (depth > 0 && random.chance(depth === 2 ? again : again / 8)) this.#goOn(part, crash, recovered);
    }
  }

  /** Crashes the recovery, and what is done after it. */
  #goOn(part: Part, crash: Crash, { disk, expected }: Recovered): void {
    const limit = Math.max(2, part.limit >> 3);
    // What a write left that was cut within a sector, only a process can expect to make good.
    const models: readonly CrashModel[] = crash.isInSector || crash.done < part.powerFrom ? ["kill"] : part.models;
    const depth = part.depth - 1;
    const { log } = disk;
    const start = crash.disk;
    const atFirst = part.expected(crash.done);
    const expectedAt = (count: number): Expected => (count === log.length ? expected : atFirst);
    const powerFrom = 0;
    if (log.length > 0)
      this.#explore({
        ...part,
        start,
        log,
        models,
        powerFrom,
        stage: "again: ",
        depth,
        limit,
        expected: expectedAt,
        next: undefined,
      });
    if (part.next === undefined) return;
    const before = valuesOf(disk);
    if (before.size === 0) return;
    const follower = disk.copy();
    part.next(new CrashStore(follower, { mode: part.mode }));
    const after = valuesOf(follower);
    this.#explore({
      ...part,
      start: disk,
      log: follower.log,
      models,
      powerFrom,
      stage: "next: ",
      depth: 0,
      limit,
      next: undefined,
      expected: followed(expected, before, after, follower.log.length),
      isReadable: once((values) => !values.has("/zarr.json") || elementsOf(values) instanceof Uint8Array),
    });
  }

  #recover(crash: Crash, expected: Expected, { mode, isReadable }: Part): Recovered {
    const { recoveringDisk, recoveringStore, isLenient = false } = this.#options;
    const disk = crash.disk.copy();
    const recover = (): string[] => {
      const store = new CrashStore(recoveringDisk?.(disk) ?? disk, { mode, ...recoveringStore });
      const decided: string[] = [];
      for (const key of expected.options.keys()) {
        const recovery = store.recover(key);
        if (recovery === "finished" || recovery === "undone") decided.push(key);
        store.lockSync(key)();
      }
      return decided;
    };
    const failed = (fault: string): Recovered => ({ fault, disk, expected });
    let decided: string[];
    try {
      decided = recover();
    } catch (error) {
      if (!(error instanceof SyncodecError)) throw error;
      return failed(error.code);
    }
    const values = disk.contents();
    if (isLenient) return isReadable(values) ? { fault: undefined, disk, expected } : failed("neither old nor new");
    const fault = expected.fault(values);
    if (fault !== undefined) return failed(fault);
    if (!isReadable(values)) return failed("an inner chunk is unreadable, or neither old nor new");
    if (disk.openFiles !== 0) return failed("a file is left open");
    const changes = disk.log.length;
    recover();
    if (disk.log.length !== changes) return failed("a second recovery changes something");
    return { fault: undefined, disk, expected: expected.narrowed(decided, values) };
  }

  /** Every element as it was or as it becomes; with `isLenient` all of them as they were, or all as they become. */
  #reader(before: Values, after: Values): Part["isReadable"] {
    const old = elementsOf(before);
    const fresh = elementsOf(after);
    const { isLenient = false } = this.#options;
    const at = (elements: Uint8Array | string, i: number): number | undefined =>
      typeof elements === "string" ? undefined : elements[i];
    return (values) => {
      const found = elementsOf(values);
      if (typeof found === "string") return found === old || found === fresh;
      if (isLenient) return [old, fresh].some((each) => each instanceof Uint8Array && isSame(each, found));
      return found.every((element, i) => element === (at(old, i) ?? 0) || element === (at(fresh, i) ?? 0));
    };
  }

  #count(name: string, fingerprint: string): void {
    this.states.add(fingerprint);
    const states = this.statesByCrash.get(name) ?? new Set();
    this.statesByCrash.set(name, states.add(fingerprint));
  }

  #isNew(key: string): boolean {
    if (this.#done.has(key)) return false;
    this.#done.add(key);
    return true;
  }
}

/** `test`, which gives the same answer for the same values: there are few of them. */
function once(test: (values: Values) => boolean): (values: Values) => boolean {
  const known = new Map<string, boolean>();
  return (values) => {
    const name = fingerprintOf(values);
    const answer = known.get(name) ?? test(values);
    known.set(name, answer);
    return answer;
  };
}

/** Changes to be cut short, and what may then be found. */
interface Part {
  readonly start: CrashDisk;
  readonly log: readonly DiskChange[];
  readonly mode: Mode;
  readonly models: readonly CrashModel[];
  readonly powerFrom: number;
  readonly stage: "" | "again: " | "next: ";
  /** How many crashes may follow. */
  readonly depth: number;
  readonly limit: number;
  /** After so many changes. */
  readonly expected: (done: number) => Expected;
  readonly isReadable: (values: Values) => boolean;
  readonly next: Recording["next"];
}
