/**
 * Readers beside a writer in another thread or process: one version or the other, never a mixture.
 *
 * Two threads, whose calls of the file system are interleaved by this one, call by call: in all ways with two changes of turn, and at random.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { createArraySync, openArraySync } from "../../src/index.js";
import { LocalStore, type LocalStoreOptions } from "../../src/node.js";
import { requireBuild } from "../cli/support.js";
import { isEqual, litterIn, read, runChange, scenarios, temporaryDirectory } from "./kills_support.js";

requireBuild();
const directory = temporaryDirectory();
const key = "/0";
const isLong = process.env.SYNCODEC_READ_SECONDS !== undefined;
let roots = 0;
function newRoot(): string {
  const root = join(directory, String(roots++));
  mkdirSync(root);
  return root;
}

const state = { running: 0, beforeCall: 1, idle: 2 };

/** A thread that runs one call of the file system at a time. */
class Stepped {
  readonly #control = new Int32Array(new SharedArrayBuffer(20));
  readonly #worker: Worker;

  constructor(data: object) {
    const file = new URL("readers_thread.mjs", import.meta.url);
    // Vitest's own options are not for it.
    this.#worker = new Worker(file, { workerData: { control: this.#control, ...data }, execArgv: [] });
    afterAll(() => this.stop());
  }

  async stop(): Promise<void> {
    // It waits for a turn that does not come.
    await this.#worker.terminate();
  }

  /** Needs the event loop to start the thread. */
  async ready(): Promise<void> {
    while (Atomics.load(this.#control, 0) !== state.idle) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Begins to write version `k`, or, with 0, to read, and stops before the first call. */
  begin(k: number): void {
    Atomics.store(this.#control, 1, k);
    this.step();
  }

  get isIdle(): boolean {
    return Atomics.load(this.#control, 0) === state.idle;
  }

  step(): void {
    Atomics.store(this.#control, 0, state.running);
    Atomics.notify(this.#control, 0);
    Atomics.wait(this.#control, 0, state.running);
  }

  /** Up to `count` calls; returns how many there were. */
  steps(count: number): number {
    let made = 0;
    for (; made < count && !this.isIdle; made++) this.step();
    return made;
  }

  get result(): { k: number; attempts: number; hasFailed: boolean } {
    const [, , k = 0, attempts = 0, failed] = this.#control;
    return { k, attempts, hasFailed: failed === 1 };
  }
}

/** A writer and a reader of one value, and the version it has. */
class Pair {
  readonly writer: Stepped;
  readonly reader: Stepped;
  k = 1;
  schedules = 0;
  mixtures = 0;
  retries = 0;
  seen = { old: 0, new: 0 };

  constructor(kind: string, reader: { options?: LocalStoreOptions; skewMs?: number; checks?: boolean }) {
    const common = { root: newRoot(), key, kind, options: {}, skewMs: 0, checks: true };
    this.writer = new Stepped(common);
    this.reader = new Stepped({ ...common, ...reader });
  }

  async ready(): Promise<void> {
    await this.writer.ready();
    await this.reader.ready();
    this.writer.begin(this.k);
    this.writer.steps(Infinity);
    this.reader.begin(0);
    this.reader.steps(Infinity);
    expect(this.reader.result).toMatchObject({ k: this.k, hasFailed: false });
  }

  /** Runs a write and a read; `turn` says whose call is next. */
  run(turn: (calls: { writer: number; reader: number }) => "writer" | "reader"): { writer: number; reader: number } {
    const before = this.k;
    this.k = (this.k % 255) + 1;
    this.writer.begin(this.k);
    this.reader.begin(0);
    const calls = { writer: 0, reader: 0 };
    // One that waits for the other's lock makes calls as long as it has the turn.
    for (let stuck = 0; !this.writer.isIdle || !this.reader.isIdle; ) {
      const wanted = turn(calls);
      const isStuck = stuck > 100;
      const name = this[wanted].isIdle || isStuck ? (wanted === "writer" ? "reader" : "writer") : wanted;
      stuck = isStuck ? 0 : stuck + 1;
      calls[name] += this[name].steps(1);
    }
    const { k, attempts, hasFailed } = this.reader.result;
    expect(hasFailed || this.writer.result.hasFailed).toBe(false);
    this.schedules++;
    this.retries += attempts - 1;
    if (k === before) this.seen.old++;
    else if (k === this.k) this.seen.new++;
    else this.mixtures++;
    return calls;
  }

  /** All orders with two changes of turn; or, of where these are, one in `stride`. */
  exhaust(stride: number): void {
    for (const [first, second] of [
      ["writer", "reader"],
      ["reader", "writer"],
    ] as const) {
      for (let i = 0, isMore = true; isMore; i += stride) {
        for (let j = 1, isMoreToo = true; isMoreToo; j += stride) {
          const calls = this.run((made) => (made[first] < i || made[second] >= j ? first : second));
          isMore = i < calls[first];
          isMoreToo = j < calls[second] && j < 60;
        }
      }
    }
  }

  random(count: number): void {
    for (let i = 0; i < count; i++) {
      const share = Math.random();
      // In runs of some length: most calls are worth no change of turn.
      let turn: "writer" | "reader" = "writer";
      this.run(() => {
        if (Math.random() < 0.25) turn = Math.random() < share ? "writer" : "reader";
        return turn;
      });
    }
  }
}

const kindNames = ["slots, W5", "index at the end, W6", "index at the start, W6"];
const hour = 3_600_000;

describe.each(kindNames)("every order of calls: %s", (kind) => {
  // To a clock that is an hour ahead no file was changed lately: what protects the reader then is that it looks before and after.
  test("(a) the file is looked at before and after", { timeout: 600_000 }, async () => {
    const pair = new Pair(kind, { skewMs: hour });
    await pair.ready();
    pair.exhaust(isLong ? 1 : 4);
    pair.random(isLong ? 10_000 : 150);
    expect(pair.mixtures).toBe(0);
    expect(Math.min(pair.seen.old, pair.seen.new, pair.retries)).toBeGreaterThan(0);
    if (isLong) console.log(kind, pair.schedules, "schedules", pair.seen, pair.retries, "retries");
  });

  test("(b) a file that was changed lately is read under its lock", { timeout: 600_000 }, async () => {
    const pair = new Pair(kind, {});
    await pair.ready();
    pair.random(isLong ? 3_000 : 40);
    expect(pair.mixtures).toBe(0);
  });

  test("(c) by a reader that may not lock", { timeout: 600_000 }, async () => {
    const pair = new Pair(kind, { options: { readOnly: true }, skewMs: hour });
    await pair.ready();
    pair.random(isLong ? 3_000 : 80);
    expect(pair.mixtures).toBe(0);
    expect(litterIn(directory).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test("(c) a journal with a living owner: the reader waits", async () => {
    const pair = new Pair(kind, { skewMs: hour });
    await pair.ready();
    const root = join(directory, String(roots - 1));
    pair.writer.begin(7);
    while (!existsSync(join(root, "__0.journal"))) pair.writer.step();
    pair.reader.begin(0);
    expect(pair.reader.steps(300)).toBe(300);
    pair.writer.steps(Infinity);
    pair.reader.steps(Infinity);
    expect(pair.reader.result).toMatchObject({ k: 7, attempts: 1 });
  });
});

// A value that only grows at its end has none: what was read stays where it is.
test.each(["slots, W5", "index at the start, W6"])(
  "control: without looking again there are mixtures: %s",
  { timeout: 600_000 },
  async (kind) => {
    const pair = new Pair(kind, { skewMs: hour, checks: false });
    await pair.ready();
    for (let i = 0; i < 20 && pair.mixtures === 0; i++) pair.random(100);
    expect(pair.mixtures).toBeGreaterThan(0);
  },
);

describe("(b) within a tick", () => {
  /** So that the file was changed that many milliseconds ago. */
  function setClock(file: string, milliseconds: number): void {
    vi.spyOn(Date, "now").mockReturnValue(statSync(file).ctimeMs + milliseconds);
  }
  afterEach(() => void vi.restoreAllMocks());

  const store = (options?: LocalStoreOptions) => new LocalStore(join(directory, "tick"), options);

  test("the lock is held while the value is open, and no version told; not so later", () => {
    const [writer, reader] = [store(), store()];
    writer.setSync(key, Uint8Array.of(1, 2, 3));
    setClock(join(directory, "tick/0"), 5);
    const value = reader.openSync(key)!;
    expect(existsSync(join(directory, "tick/__0.lock"))).toBe(true);
    expect(value.version()).toBeUndefined();
    // A thread cannot wait for itself; another one would.
    expect(() => writer.patchSync(key, { writes: [{ offset: 0, bytes: Uint8Array.of(9) }] })).toThrow(/KEY_BUSY|holds/);
    value.close();
    expect(existsSync(join(directory, "tick/__0.lock"))).toBe(false);
    setClock(join(directory, "tick/0"), 25);
    const later = reader.openSync(key)!;
    expect(existsSync(join(directory, "tick/__0.lock"))).toBe(false);
    expect(later.version()).toBeDefined();
    later.close();
  });

  test("the index is read each time, and kept only later", () => {
    const root = newRoot();
    const writer = new LocalStore(root);
    const options = { shape: [64], shardShape: [64], chunkShape: [8], dataType: "int32" } as const;
    createArraySync(writer, { ...options, compressors: ["gzip"] });
    const reader = new LocalStore(root);
    let reads = 0;
    const openSync = reader.openSync.bind(reader);
    reader.openSync = (opened) => {
      const value = openSync(opened);
      const counted = <A extends unknown[], R>(call: (...args: A) => R) => {
        return (...args: A): R => {
          reads++;
          return call(...args);
        };
      };
      return value && { ...value, read: counted(value.read), readInto: counted(value.readInto) };
    };
    const array = openArraySync(reader);
    const readsOf = (): number => {
      reads = 0;
      expect(array.getSync([3])).toBe(5);
      return reads;
    };
    openArraySync(writer).setSync(null, 5);
    setClock(join(root, "c/0"), 5);
    const first = readsOf();
    expect(readsOf()).toBe(first);
    setClock(join(root, "c/0"), 25);
    expect(readsOf()).toBe(first);
    expect(readsOf()).toBe(first - 1);
    writer.close();
    reader.close();
  });
});

/** Bind mounts need the right to mount; where it lacks, and this is not root, who may write anywhere, permissions do. */
function makeReadOnly(root: string): { readonly path: string; readonly undo: () => void } | undefined {
  const path = `${root}.read-only`;
  mkdirSync(path);
  const mount = (...args: string[]): boolean => spawnSync("mount", args).status === 0;
  if (mount("--bind", root, path)) {
    const undo = (): void => void spawnSync("umount", [path]);
    if (mount("-o", "remount,ro,bind", path)) return { path, undo };
    undo();
  }
  if (process.getuid?.() === 0) return undefined;
  chmodSync(root, 0o555);
  return { path: root, undo: () => chmodSync(root, 0o755) };
}

describe("(c) a journal with a dead owner, where this process may not write", () => {
  for (const { name, before, after, change } of scenarios.slice(0, 4)) {
    // Writes are those of the owner's file, the journal, the tail, the pieces, and of the journal's end.
    test.each([
      ["before its tail", "writeSync", 2],
      ["half written", "writeSync", -2],
      ["written", "unlinkSync", 0],
    ])(`is seen through: ${name}, %s`, (where, only, nth) => {
      const root = newRoot();
      const writer = new LocalStore(root);
      writer.setSync(key, before!);
      writer.close();
      // The same in another place says how many calls there are.
      const trial = newRoot();
      const other = new LocalStore(trial);
      other.setSync(key, before!);
      other.close();
      const made = runChange(trial, key, change).calls.filter((call) => call === only).length;
      const plan = { at: nth < 0 ? made + nth : nth, only, isCut: true };
      expect(runChange(root, key, change, { plan }).wasKilled).toBe(true);
      const files = readdirSync(root).sort();
      expect(files).toContain("__0.journal");
      const place = makeReadOnly(root);
      if (place === undefined) return;
      let seen: Uint8Array | undefined;
      try {
        const reader = new LocalStore(place.path);
        seen = read(reader, key);
        expect(isEqual(seen, before) || isEqual(seen, after)).toBe(true);
        expect(readdirSync(root).sort()).toEqual(files);
        // Recovered beneath the reader: the journal that it went by is gone.
        const value = reader.openSync(key)!;
        place.undo();
        new LocalStore(root).lockSync(key)();
        expect(() => value.check?.()).toThrow("The value has changed while it was read");
        value.close();
        reader.close();
      } finally {
        place.undo();
      }
      expect(isEqual(new LocalStore(root).getSync(key), seen)).toBe(true);
      // Both happen: an append whose tail was cut is undone, everything else finished.
      const isCutTail =
        name.includes("append") &&
        (where === "before its tail" || (name.includes("at the end") && where === "half written"));
      expect(isEqual(seen, isCutTail ? before : after)).toBe(true);
    });
  }

  test("that does not match the value is a conflict, each time, and costs no descriptor", () => {
    const root = newRoot();
    new LocalStore(root).setSync(key, Uint8Array.of(1, 2, 3));
    writeFileSync(join(root, "__0.journal"), "no journal");
    const reader = new LocalStore(root, { readOnly: true });
    const open = (): number => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);
    expect(() => reader.openSync(key)).toThrow(expect.objectContaining({ code: "JOURNAL_CONFLICT", key }));
    const first = open();
    for (let i = 0; i < 50; i++) expect(() => reader.openSync(key)).toThrow("can be neither finished nor undone");
    expect(open()).toBe(first);
    reader.close();
  });
});

test("a process that patches, and one that reads", { timeout: 3_600_000 }, () => {
  const seconds = process.env.SYNCODEC_READ_SECONDS ?? "3";
  const program = fileURLToPath(new URL("readers.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, seconds], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^\d+ reads, 0 mixtures/m);
  if (isLong) console.log(stdout);
});
