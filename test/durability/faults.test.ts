/** File systems that refuse, and files that others change: typed errors, the old value, nothing left behind. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createArraySync, openArraySync, type RuntimeError, slice } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { requireBuild } from "../cli/support.js";
import {
  isEqual,
  litterIn,
  pattern,
  read,
  runChange,
  type Scenario,
  scenarios,
  temporaryDirectory,
} from "./kills_support.js";

requireBuild();
const directory = temporaryDirectory();
const key = "/0";
const isLong = process.env.SYNCODEC_KILLS !== undefined;
let roots = 0;
function newRoot(): string {
  const root = join(directory, String(roots++));
  mkdirSync(root);
  return root;
}

/** A store with the scenario's value in it, and nothing else. */
function rootWith({ before }: Scenario): string {
  const root = newRoot();
  if (before === undefined) return root;
  const store = new LocalStore(root);
  store.setSync(key, before);
  store.close();
  return root;
}

/** Which of the writes is the last one: it ends the journal. */
const lastWrite = (calls: readonly string[]): number => calls.filter((name) => name === "writeSync").length - 1;

const run = (...command: string[]): boolean => spawnSync(command[0]!, command.slice(1)).status === 0;

/** Mounts a small file system, where that is allowed. */
function mountSmall(path: string, size: string): boolean {
  mkdirSync(path);
  return run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
}

const canMount = ((): boolean => {
  const path = join(directory, "trial");
  return mountSmall(path, "64k") && run("umount", path);
})();

// Mounting needs root, or a user namespace; the calls that fail below say the same of every error.
describe.runIf(canMount)("a full disk", () => {
  test.each(["process", "power", "none"] as const)("%s", (durability) => {
    const path = join(directory, `full-${durability}`);
    expect(mountSmall(path, "256k")).toBe(true);
    try {
      const store = new LocalStore(path, { durability });
      const before = pattern(100_000, 1);
      store.setSync(key, before);
      const refused = expect.objectContaining({ name: "RuntimeError", code: "QUOTA_EXCEEDED", key });
      const tooMuch = pattern(200_000, 2);
      expect(() => store.setSync(key, tooMuch)).toThrow(refused);
      expect(isEqual(store.getSync(key), before)).toBe(true);
      const append = { writes: [{ offset: 100_000, bytes: tooMuch }], byteLength: 300_000 };
      if (durability !== "none") {
        expect(() => store.patchSync(key, append)).toThrow(refused);
        expect(isEqual(store.getSync(key), before)).toBe(true);
      }
      expect(readdirSync(path).sort()).toEqual(["0", "__locks"]);
      // Not a byte more: a journal does not fit.
      writeFileSync(join(path, "filler"), new Uint8Array(1));
      while (run("sh", "-c", `head -c 4096 /dev/zero >> '${join(path, "filler")}'`));
      if (durability !== "none") {
        expect(() => store.patchSync(key, { writes: [{ offset: 0, bytes: pattern(5000, 3) }] })).toThrow(refused);
        expect(isEqual(store.getSync(key), before)).toBe(true);
      }
      expect(readdirSync(path).sort()).toEqual(["0", "__locks", "filler"]);
      // What makes room works.
      store.deleteSync(key);
      store.setSync(key, Uint8Array.of(1));
      store.close();
    } finally {
      run("umount", path);
    }
  });
});

/** Calls that fail with the error of a disk that is full, or broken, or a process with too many files: one call of each kind, in turn. */
describe.each(["process", "power"] as const)("calls that fail: %s", (durability) => {
  const chosen = scenarios.filter((_, i) => [0, 2, 4].includes(i));
  test.each(chosen)("$name", (scenario) => {
    const store = { durability };
    const { calls } = runChange(rootWith(scenario), key, scenario.change, { store });
    // What fails before that is not ours to undo, and what comes after it has been done.
    const begin = calls.indexOf("linkSync");
    const end = calls.length - 1;
    const failing = ["openSync", "writeSync", "fsyncSync", "renameSync", "ftruncateSync"];
    const places = calls.flatMap((name, at) => (at > begin && at < end && failing.includes(name) ? [at] : []));
    // Always where the journal has its name, and the directory cannot be synced.
    const few = isLong ? places : places.filter((at, i) => i % 3 === 0 || calls[at - 1] === "renameSync");
    for (const at of few) {
      const name = calls[at]!;
      const code = name === "writeSync" ? "ENOSPC" : name === "openSync" ? "EMFILE" : "EIO";
      const root = rootWith(scenario);
      const { error } = runChange(root, key, scenario.change, {
        store,
        plan: { at, error: { code, names: [name], count: 1 } },
      });
      const place = `call ${at}, ${name}, ${code}`;
      expect(error, place).toMatchObject({
        name: "RuntimeError",
        code: code === "ENOSPC" ? "QUOTA_EXCEEDED" : "STORE_ERROR",
        key,
      });
      const value = new LocalStore(root).getSync(key);
      const journal = existsSync(join(root, "__0.journal"));
      // After the data only the end of the journal may fail; and a directory that is not synced has its new entry all the same.
      if (isEqual(value, scenario.before)) expect([place, journal]).toEqual([place, false]);
      else expect([place, isEqual(value, scenario.after)]).toEqual([place, true]);
      expect(
        litterIn(root).filter((file) => !file.endsWith(".journal")),
        place,
      ).toEqual([]);
      expect(isEqual(read(new LocalStore(root), key), value), place).toBe(true);
      expect(
        litterIn(root).filter((file) => file.endsWith(".journal")),
        place,
      ).toEqual([]);
    }
  });
});

test("too many open files", () => {
  const root = newRoot();
  const store = new LocalStore(root);
  store.setSync(key, new Uint8Array(100));
  store.close();
  const program = fileURLToPath(new URL("faults_child.mjs", import.meta.url));
  const argument = JSON.stringify({ root, key, options: { durability: "power" } });
  const { stdout, stderr } = spawnSync(
    "sh",
    ["-c", 'ulimit -n 60; exec "$0" "$@"', process.execPath, program, argument],
    {
      encoding: "utf8",
    },
  );
  expect(stderr).toBe("");
  const { errors, litter } = JSON.parse(stdout);
  expect(litter).toEqual([]);
  let last = 0;
  let failed = 0;
  for (const { error, value, previous } of errors) {
    if (error === null) last = previous + 1;
    else {
      failed++;
      expect(error).toMatchObject({
        name: "RuntimeError",
        code: "STORE_ERROR",
        message: expect.stringContaining("EMFILE"),
      });
    }
    expect(value).toBe(last);
  }
  expect(failed).toBeGreaterThan(1);
  expect(last).toBe(errors.length);
});

test("a directory that may not be written", () => {
  const root = newRoot();
  const store = new LocalStore(root);
  store.setSync(key, Uint8Array.of(1, 2, 3));
  store.close();
  const mounted = `${root}.mounted`;
  mkdirSync(mounted);
  const isMounted = run("mount", "--bind", root, mounted) && run("mount", "-o", "remount,ro,bind", mounted);
  if (!isMounted) {
    // Permissions stop everybody but root, who may mount.
    expect(process.getuid?.()).not.toBe(0);
    chmodSync(root, 0o555);
  }
  const other = new LocalStore(isMounted ? mounted : root);
  try {
    const refused = expect.objectContaining({ name: "RuntimeError", code: "STORE_ERROR", key });
    expect(() => other.setSync(key, Uint8Array.of(4))).toThrow(refused);
    expect(() => other.patchSync(key, { writes: [{ offset: 0, bytes: Uint8Array.of(4) }] })).toThrow(refused);
    expect(() => other.deleteSync(key)).toThrow(refused);
    expect(() => other.lockSync(key)).toThrow(refused);
    expect([...read(other, key)!]).toEqual([1, 2, 3]);
    expect(readdirSync(root)).toEqual(["0"]);
  } finally {
    other.close();
    if (isMounted) run("umount", mounted);
    else chmodSync(root, 0o755);
  }
});

describe("a foreign writer between the read and the patch", () => {
  const options = {
    shape: [64],
    shardShape: [64],
    chunkShape: [8],
    dataType: "int32",
    compressors: ["crc32c"],
  } as const;

  test.each(["replaces the file", "writes into it"])("%s: nothing is lost", async (how) => {
    const root = newRoot();
    const store = new LocalStore(root);
    createArraySync(store, options).setSync(
      null,
      Int32Array.from({ length: 64 }, (_, i) => i),
    );
    const file = join(root, "c/0");
    // Its version can be told only when the tick is over.
    await new Promise((resolve) => setTimeout(resolve, 30));
    let isChanged = false;
    const foreign = new LocalStore(newRoot());
    createArraySync(foreign, options).setSync(
      null,
      Int32Array.from({ length: 64 }, (_, i) => 1000 + i),
    );
    const theirs = foreign.getSync("/c/0")!;
    /** Changes the file before the first patch. */
    const patchSync = store.patchSync.bind(store);
    const versions: unknown[] = [];
    store.patchSync = (patched, patch) => {
      versions.push(patch.version);
      if (!isChanged) {
        isChanged = true;
        if (how === "replaces the file") {
          writeFileSync(`${file}.new`, theirs);
          renameSync(`${file}.new`, file);
        } else writeFileSync(file, theirs);
      }
      patchSync(patched, patch);
    };
    const array = openArraySync(store);
    let code: string | undefined;
    try {
      array.setSync([slice(3, 5)], -1);
    } catch (error) {
      code = (error as RuntimeError).code;
    }
    expect(versions[0]).toBeDefined();
    if (code !== undefined) {
      expect(code).toBe("VALUE_CHANGED");
      expect(isEqual(readFileSync(file), theirs)).toBe(true);
      array.setSync([slice(3, 5)], -1);
    }
    const other = new LocalStore(root);
    const { data } = openArraySync(other).getSync(null);
    other.close();
    expect(data).toEqual(Int32Array.from({ length: 64 }, (_, i) => (i === 3 || i === 4 ? -1 : 1000 + i)));
    store.close();
    foreign.close();
    expect(litterIn(root)).toEqual([]);
  });
});

describe("a journal with a byte changed", () => {
  for (const scenario of scenarios.slice(0, 4)) {
    test(`is a conflict, or decided: ${scenario.name}`, () => {
      const trial = rootWith(scenario);
      const { calls } = runChange(trial, key, scenario.change);
      // In the middle of the last write but the one that ends the journal.
      const at = lastWrite(calls) - 1;
      const root = rootWith(scenario);
      expect(runChange(root, key, scenario.change, { plan: { at, only: "writeSync", isCut: true } }).wasKilled).toBe(
        true,
      );
      rmSync(join(root, "__0.lock"));
      const [file, journal] = [join(root, "0"), join(root, "__0.journal")];
      const [value, bytes] = [readFileSync(file), readFileSync(journal)];
      const store = new LocalStore(root);
      const found = { conflict: 0, decided: 0 };
      // Of the new bytes of the pieces, in CI, one in twenty.
      const offsets = [...bytes.keys()].filter((offset) => isLong || offset < 100 || offset % 20 === 0);
      for (const offset of offsets) {
        // Not all bits of one byte: of the state that is what retires a journal.
        for (const change of [1 << (offset % 8), ...(offset < 100 ? [0x7f, 0xfe] : [])]) {
          const bad = Buffer.from(bytes);
          bad.writeUInt8(bad.readUInt8(offset) ^ change, offset);
          writeFileSync(journal, bad);
          try {
            store.lockSync(key)();
            const after = readFileSync(file);
            expect(isEqual(after, scenario.before) || isEqual(after, scenario.after)).toBe(true);
            found.decided++;
          } catch (error) {
            expect(error).toMatchObject({ name: "RuntimeError", code: "JOURNAL_CONFLICT", key });
            expect(isEqual(readFileSync(file), value) && isEqual(readFileSync(journal), bad)).toBe(true);
            found.conflict++;
          }
          expect(existsSync(join(root, "__0.lock"))).toBe(false);
        }
      }
      // The checksum covers every byte but the state, which has two values only.
      expect(found).toEqual({ conflict: offsets.length + 2 * Math.min(bytes.length, 100), decided: 0 });
      writeFileSync(journal, bytes);
      store.lockSync(key)();
      store.close();
      expect(litterIn(root)).toEqual([]);
    });
  }

  test("cut short anywhere, or empty", () => {
    const scenario = scenarios[0]!;
    const { calls } = runChange(rootWith(scenario), key, scenario.change);
    const root = rootWith(scenario);
    runChange(root, key, scenario.change, { plan: { at: lastWrite(calls) - 1, only: "writeSync", isCut: true } });
    const journal = join(root, "__0.journal");
    const bytes = readFileSync(journal);
    const store = new LocalStore(root);
    for (let length = bytes.length % 10; length < bytes.length; length += isLong ? 1 : 10) {
      writeFileSync(journal, bytes.subarray(0, length));
      expect(() => store.lockSync(key)).toThrow(expect.objectContaining({ code: "JOURNAL_CONFLICT" }));
    }
    expect(statSync(journal).size).toBeGreaterThan(bytes.length - 11);
    store.close();
  });
});

describe("a journal whose value is missing", () => {
  function orphan(): string {
    const scenario = scenarios[0]!;
    const { calls } = runChange(rootWith(scenario), key, scenario.change);
    const root = rootWith(scenario);
    runChange(root, key, scenario.change, { plan: { at: lastWrite(calls), only: "writeSync" } });
    rmSync(join(root, "0"));
    return root;
  }

  test("is a conflict to writers, and stays", () => {
    const root = orphan();
    const store = new LocalStore(root);
    const conflict = expect.objectContaining({
      code: "JOURNAL_CONFLICT",
      key,
      message: expect.stringContaining("missing"),
    });
    expect(() => store.setSync(key, Uint8Array.of(1))).toThrow(conflict);
    expect(() => store.deleteSync(key)).toThrow(conflict);
    expect(readdirSync(root).sort()).toEqual(["__0.journal", "__locks"]);
    expect([...store.repairSync("/", "journal")]).toEqual([{ key, error: conflict }]);
    expect([...store.repairSync("/", "file")]).toEqual([{ key, recovery: "dropped", removed: [] }]);
    store.setSync(key, Uint8Array.of(1));
    store.close();
    expect(readdirSync(root)).toEqual(["0"]);
  });
});

test("a value that was restored from elsewhere beside a journal: its index is not the one that was patched", () => {
  const scenario = scenarios[0]!;
  const { calls } = runChange(rootWith(scenario), key, scenario.change);
  const root = rootWith(scenario);
  runChange(root, key, scenario.change, { plan: { at: lastWrite(calls) - 1, only: "writeSync" } });
  const file = join(root, "0");
  const other = Buffer.from(scenario.before!);
  other.fill(7, 5900);
  const { mtime, atime } = statSync(file);
  writeFileSync(file, other);
  utimesSync(file, atime, mtime);
  const store = new LocalStore(root);
  expect(() => store.lockSync(key)).toThrow(expect.objectContaining({ code: "JOURNAL_CONFLICT" }));
  expect(readFileSync(file)).toEqual(other);
  store.close();
});
