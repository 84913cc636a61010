import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type { Mutable } from "zarrita";
import { SyncodecError } from "../../src/errors.js";
import { isSafeSegment } from "../../src/node/key_segments.js";
import { LocalStore } from "../../src/node/local_store.js";
import type { Durability } from "../../src/stores/durability.js";
import { describeStore } from "./store_suite.js";
import { asyncSurface, syncSurface } from "./surface.js";

const durabilities: readonly Durability[] = ["none", "process", "power"];
const bytes = (...values: number[]) => Uint8Array.from(values);
const isPosix = process.platform !== "win32";

let directory = "";
let root = "";
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "syncodec-")));
  root = join(directory, "root");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

let count = 0;
/** A store whose root the first write creates, two levels deep. */
function openIn(durability: Durability): LocalStore {
  count++;
  return new LocalStore(join(directory, `s${count}`, "root"), { durability });
}

for (const durability of durabilities) {
  describeStore(`LocalStore ${durability}, synchronous`, () => ({
    surface: syncSurface(openIn(durability)),
    close() {},
  }));
  describeStore(`LocalStore ${durability}, asynchronous`, () => ({
    surface: asyncSurface(openIn(durability)),
    close() {},
  }));
}

/** Names of all files below the root, hidden ones too. */
/** Files below the root, without those that name its stores as owners of locks, which go with the stores. */
function files(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((path) => !path.startsWith("/__locks/"))
    .sort();
}

function thrown(body: () => unknown): SyncodecError {
  try {
    body();
  } catch (error) {
    if (error instanceof SyncodecError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

/** Every way to use a key, synchronous and asynchronous. */
function uses(store: LocalStore, key: string): (() => unknown)[] {
  return [
    () => store.getSync(key),
    () => store.getSync(key, { suffixLength: 1 }),
    () => store.readIntoSync(key, undefined, new Uint8Array(9)),
    () => store.sizeSync(key),
    () => store.patchSync?.(key, { writes: [] }),
    () => store.get(key),
    () => store.getRange(key, { suffixLength: 1 }),
    () => store.size(key),
    () => store.patch?.(key, { writes: [] }),
  ];
}

function writes(store: LocalStore, key: string): (() => unknown)[] {
  return [
    () => store.setSync(key, bytes(66)),
    () => store.deleteSync(key),
    () => store.set(key, bytes(66)),
    () => store.delete(key),
  ];
}

async function expectRefused(attempts: (() => unknown)[], code: string): Promise<void> {
  for (const attempt of attempts) {
    await expect((async () => attempt())(), String(attempt)).rejects.toMatchObject({ code });
  }
}

describe("LocalStore", () => {
  it("keeps a value in the file that its key names", () => {
    const store = new LocalStore(root);
    store.setSync("/a/c/0", bytes(1, 2));
    expect([...readFileSync(join(root, "a", "c", "0"))]).toEqual([1, 2]);
    expect([...(new LocalStore(pathToFileURL(root)).getSync("/a/c/0") ?? [])]).toEqual([1, 2]);
  });

  it("keeps a value for a kill unless asked for something else", () => {
    expect(new LocalStore(root).durability).toBe("process");
  });

  it("refuses an unknown durability", () => {
    // @ts-expect-error: a caller without types
    expect(thrown(() => new LocalStore(root, { durability: "full" })).code).toBe("INVALID_ARGUMENT");
  });

  it("describes itself so that another thread can open it", () => {
    const { module, options } = new LocalStore(root, { durability: "power", lockTimeoutMs: 9 }).describe();
    const expected = { root, durability: "power", lockTimeoutMs: 9, readOnly: false };
    expect({ module, options }).toEqual({ module: "syncodec/node", options: expected });
    new LocalStore(options.root, options).setSync("/a", bytes(1));
    expect(files()).toEqual(["/a"]);
  });

  it("refuses to write where it is for reading only, and reads without a file of its own", async () => {
    new LocalStore(root).setSync("/a", bytes(1));
    const store = new LocalStore(root, { readOnly: true });
    const refused = { name: "RuntimeError", code: "STORE_ERROR", key: "/a" };
    expect(() => store.setSync("/a", bytes(2))).toThrow(expect.objectContaining(refused));
    expect(() => store.deleteSync("/a")).toThrow(expect.objectContaining(refused));
    expect(() => store.patchSync("/a", { writes: [] })).toThrow(expect.objectContaining(refused));
    expect(() => store.lockSync("/a")).toThrow(expect.objectContaining(refused));
    await expect(store.set("/b", bytes(2))).rejects.toMatchObject({ ...refused, key: "/b" });
    expect([...store.repairSync()]).toEqual([]);
    const value = store.openSync("/a")!;
    expect([...value.read({ offset: 0, length: 1 })]).toEqual([1]);
    value.close();
    expect(files()).toEqual(["/a"]);
  });

  it("is a store for zarrita", () => {
    expectTypeOf<LocalStore>().toExtend<Mutable>();
  });

  it("reads straight into WebAssembly memory", () => {
    const store = new LocalStore(root);
    const memory = new WebAssembly.Memory({ initial: 2 });
    const value = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) & 255);
    store.setSync("/a", value);
    expect(store.readIntoSync("/a", undefined, new Uint8Array(memory.buffer, 1000, 70_000))).toBe(70_000);
    const all = new Uint8Array(memory.buffer);
    expect(Buffer.compare(all.subarray(1000, 71_000), value)).toBe(0);
    expect(all.subarray(0, 1000).every((byte) => byte === 0)).toBe(true);
    expect(all.subarray(71_000).every((byte) => byte === 0)).toBe(true);
    store.setSync("/b", new Uint8Array(memory.buffer, 1000, 5));
    expect(store.getSync("/b")).toEqual(value.slice(0, 5));
  });

  it("reads ranges beyond 4 GiB", async () => {
    const store = new LocalStore(root, { durability: "none" });
    store.setSync("/large", bytes(1));
    truncateSync(join(root, "large"), 5 * 2 ** 30);
    store.setRangeSync?.("/large", bytes(7, 8, 9), 5 * 2 ** 30 - 3);
    expect(store.sizeSync("/large")).toBe(5 * 2 ** 30);
    expect(store.getSync("/large", { suffixLength: 2 })).toEqual(bytes(8, 9));
    const range = { offset: 5 * 2 ** 30 - 3, length: 2 };
    expect(store.getSync("/large", range)).toEqual(bytes(7, 8));
    expect(await store.getRange("/large", range)).toEqual(bytes(7, 8));
    expect(store.readIntoSync("/large", undefined, new Uint8Array(1))).toBe(5 * 2 ** 30);
  });

  it("fails with a typed error when a value cannot be allocated", async () => {
    const store = new LocalStore(root);
    store.setSync("/large", bytes(1));
    truncateSync(join(root, "large"), 2 ** 43);
    expect(thrown(() => store.getSync("/large"))).toMatchObject({ code: "OUT_OF_MEMORY", key: "/large" });
    await expect(store.get("/large")).rejects.toMatchObject({ code: "OUT_OF_MEMORY", key: "/large" });
  });

  it("takes a directory for a missing value", async () => {
    const store = new LocalStore(root, { durability: "none" });
    store.setSync("/a/c/0", bytes(1));
    for (const key of ["/a", "/a/c"]) {
      expect(store.getSync(key)).toBe(undefined);
      expect(await store.get(key)).toBe(undefined);
      expect(store.sizeSync(key)).toBe(undefined);
      expect(store.readIntoSync(key, undefined, new Uint8Array(1))).toBe(undefined);
      expect(thrown(() => store.patchSync?.(key, { writes: [] }))).toMatchObject({ code: "STORE_ERROR", key });
      store.deleteSync(key);
      await store.delete(key);
    }
    expect(files()).toEqual(["/a/c/0"]);
  });

  it("answers nothing where there is no root, and creates none", async () => {
    const store = new LocalStore(root);
    expect(store.getSync("/a")).toBe(undefined);
    expect(await store.get("/a/b")).toBe(undefined);
    expect(store.sizeSync("/a")).toBe(undefined);
    expect([...store.listSync("/")]).toEqual([]);
    store.deleteSync("/a");
    expect(existsSync(root)).toBe(false);
  });

  it.each(durabilities)("creates directories again that somebody removed (%s)", async (durability) => {
    const store = new LocalStore(root, { durability });
    store.setSync("/a/c/0", bytes(1));
    rmSync(root, { recursive: true });
    expect(store.getSync("/a/c/0")).toBe(undefined);
    store.setSync("/a/c/0", bytes(2));
    expect(store.getSync("/a/c/0")).toEqual(bytes(2));
    rmSync(join(root, "a"), { recursive: true });
    await store.set("/a/c/0", bytes(3));
    expect(store.getSync("/a/c/0")).toEqual(bytes(3));
  });

  it("sees files that others write, and hides the names of its own", () => {
    const store = new LocalStore(root);
    store.setSync("/a/c/0", bytes(1));
    mkdirSync(join(root, "a", "__pending"));
    writeFileSync(join(root, "a", "__pending", "0"), "x");
    writeFileSync(join(root, "a", "c", "__0.lock"), "x");
    writeFileSync(join(root, "a", ".zarray"), "{}");
    expect([...store.listSync("/")].sort()).toEqual(["/a/.zarray", "/a/c/0"]);
    expect([...store.listSync("/a/__pending/")]).toEqual([]);
  });

  it("lists only what can be read as a key", () => {
    const store = new LocalStore(root);
    store.setSync("/a", bytes(1));
    if (isPosix) writeFileSync(join(root, "back\\slash"), "x");
    expect([...store.listSync("/")]).toEqual(["/a"]);
  });

  it("stops an asynchronous read whose signal has aborted", async () => {
    const store = new LocalStore(root);
    store.setSync("/a", bytes(1));
    const reason = new Error("enough");
    await expect(store.get("/a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const request = store.getRange("/a", { suffixLength: 1 }, { signal: controller.signal });
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
  });
});

describe.each(durabilities)("LocalStore %s, whole values", (durability) => {
  it("replaces the file, so that a reader keeps the old one", () => {
    const store = new LocalStore(root, { durability });
    store.setSync("/a", bytes(1));
    const before = statSync(join(root, "a")).ino;
    const link = join(directory, "old");
    execFileSync("ln", [join(root, "a"), link]);
    store.setSync("/a", bytes(2));
    expect(statSync(join(root, "a")).ino).not.toBe(before);
    expect([...readFileSync(link)]).toEqual([1]);
    expect(files()).toEqual(["/a"]);
  });

  it("leaves no temporary file when a directory stands in the way", async () => {
    const store = new LocalStore(root, { durability });
    store.setSync("/a/b", bytes(1));
    const error = thrown(() => store.setSync("/a", bytes(2)));
    expect(error).toMatchObject({ name: "RuntimeError", code: "STORE_ERROR", key: "/a" });
    expect(error.message).toContain(join(root, "a"));
    expect(error.message).toMatch(/EISDIR|EPERM|ENOTEMPTY/);
    expect(error.cause).toBeInstanceOf(Error);
    await expect(store.set("/a", bytes(2))).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a" });
    expect(files()).toEqual(["/a/b"]);
  });

  it("refuses a key below a file", async () => {
    const store = new LocalStore(root, { durability });
    store.setSync("/a", bytes(1));
    expect(thrown(() => store.setSync("/a/b/c", bytes(2)))).toMatchObject({ code: "STORE_ERROR", key: "/a/b/c" });
    await expect(store.set("/a/b", bytes(2))).rejects.toMatchObject({ code: "STORE_ERROR" });
    expect(store.getSync("/a")).toEqual(bytes(1));
    expect(files()).toEqual(["/a"]);
  });

  it("replaces a value side by side: one of the writers wins", async () => {
    const store = new LocalStore(root, { durability });
    const values = Array.from({ length: 16 }, (_, index) => new Uint8Array(50_000).fill(index));
    await Promise.all(values.map((value) => store.set("/a/0", value)));
    const value = await store.get("/a/0");
    expect(value?.byteLength).toBe(50_000);
    expect(new Set(value).size).toBe(1);
    expect(files()).toEqual(["/a/0"]);
  });

  /** The kernel cuts the write at the limit, then refuses the rest with EFBIG; Node ignores the signal that comes with it. */
  function withFileSizeLimit<T>(limit: number, body: () => T): T {
    execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${limit}:`]);
    try {
      return body();
    } finally {
      execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited:"]);
    }
  }

  it.runIf(existsSync("/usr/bin/prlimit"))("keeps the old value when a write fails half-way", () => {
    const store = new LocalStore(root, { durability });
    store.setSync("/a/0", bytes(1, 2, 3));
    const error = withFileSizeLimit(4096, () => thrown(() => store.setSync("/a/0", new Uint8Array(10_000))));
    expect(error).toMatchObject({ code: "STORE_ERROR", key: "/a/0" });
    expect(error.message).toContain("EFBIG");
    expect(store.getSync("/a/0")).toEqual(bytes(1, 2, 3));
    expect(files()).toEqual(["/a/0"]);
  });

  it.runIf(existsSync("/proc/self/fd"))("closes every file, also after failures", async () => {
    const store = new LocalStore(root, { durability });
    const openFiles = () => readdirSync("/proc/self/fd").length;
    const round = async () => {
      store.setSync("/d/a", bytes(1));
      await store.set("/d/a", bytes(1, 2));
      store.getSync("/d/a");
      await store.get("/d/a");
      store.getSync("/d");
      store.patchSync?.("/d/a", { writes: [] });
      await store.patch?.("/d/a", { writes: [] });
      for (const change of [() => store.setSync("/d", bytes(1)), () => store.getSync("/d/a", { suffixLength: -1 })]) {
        expect(thrown(change)).toBeInstanceOf(SyncodecError);
      }
      if (store.patch !== undefined) {
        await expect(store.patch("/d/a", { writes: [], byteLength: -1 })).rejects.toBeInstanceOf(SyncodecError);
      }
      await expect(store.set("/d", bytes(1))).rejects.toBeInstanceOf(SyncodecError);
      await store.delete("/d/a");
    };
    await round();
    const before = openFiles();
    for (let turn = 0; turn < 20; turn++) await round();
    expect(openFiles()).toBe(before);
  });
});

describe("LocalStore, unsafe keys", () => {
  const unsafe = [
    "",
    "/",
    "a",
    "a/b",
    "../secret",
    "./a",
    "//a",
    "/a//b",
    "/a/",
    "//etc/passwd",
    "/..",
    "/../secret",
    "/a/../../secret",
    "/a/..",
    "/a/.",
    "/./a",
    "/...",
    "/a/..../b",
    "/%2e%2e/secret",
    "/%2E%2e/secret",
    "/.%2e/secret",
    "/%2e/a",
    "/a/%2e.",
    "/..%2fsecret",
    "/%2e%2e%2Fsecret",
    "/a%2f..%2f..%2fsecret",
    "/..%5csecret",
    "/..\\secret",
    "/a\\b",
    "\\a",
    "/a\0",
    "/\0",
    "/a\0/../../secret",
    "C:/secret",
    "C:\\secret",
    "/C:/secret",
    "/c:",
    "file:///etc/passwd",
    "/a\ud800",
  ];

  it.each(unsafe)("refuses %j everywhere", async (key) => {
    writeFileSync(join(directory, "secret"), "s");
    const store = new LocalStore(root, { durability: "none" });
    store.setSync("/a/b", bytes(1));
    await expectRefused([...uses(store, key), ...writes(store, key)], "INVALID_PATH");
    expect(files()).toEqual(["/a/b"]);
    expect(readFileSync(join(directory, "secret"), "utf8")).toBe("s");
  });

  it.each(["a/", "../", "/../", "/a/../../", "/%2e%2e/", "/a//", "//", "\\a/", "/a\0/"])(
    "refuses prefix %j",
    async (prefix) => {
      const store = new LocalStore(root);
      store.setSync("/a/b", bytes(1));
      expect(thrown(() => store.listSync(prefix)).code).toBe("INVALID_PATH");
      await expect(store.list(prefix).next()).rejects.toMatchObject({ code: "INVALID_PATH" });
    },
  );

  it("never leaves the root, whatever the key", () => {
    const piece = fc.constantFrom(".", "..", "/", "\\", "%2e", "%2f", "%5c", "\0", "a", "C:", " ", "~", "%", "secret");
    writeFileSync(join(directory, "secret"), "s");
    const store = new LocalStore(root);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const key = pieces.join("");
        try {
          store.setSync(key, bytes(1));
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(INVALID_PATH|STORE_ERROR)$/) });
        }
        expect(readdirSync(directory).filter((name) => name !== "root")).toEqual(["secret"]);
        expect(readFileSync(join(directory, "secret"), "utf8")).toBe("s");
      }),
      { numRuns: 500 },
    );
  });

  it.each(["/.zarray", "/a.b", "/..a", "/a..", "/%41", "/100%", "/a%2fb", "/~", "/ü", "/a b", "/-", "/$(x)", "/a%2e"])(
    "takes %j as plain names",
    (key) => {
      const store = new LocalStore(root);
      store.setSync(key, bytes(1));
      expect(files()).toEqual([key]);
      expect([...store.listSync("/")]).toEqual([key]);
      expect(store.getSync(key)).toEqual(bytes(1));
    },
  );

  it("knows what Windows reads as something else", () => {
    for (const segment of ["a:b", "a.", "a ", "con", "NUL", "nul.txt", "com1", "LPT9.x", "a*", "a?", "a|b", '"', "<"]) {
      expect(isSafeSegment(segment, true), segment).toBe(false);
      expect(isSafeSegment(segment, false), segment).toBe(true);
    }
    for (const segment of ["c.0.0", "zarr.json", ".zarray", "console", "com", "common1", "a b"]) {
      expect(isSafeSegment(segment, true), segment).toBe(true);
    }
  });

  it("checks a key as long as memory allows without running out of stack", () => {
    const store = new LocalStore(root);
    store.setSync("/a", bytes(1));
    expect(store.getSync("/a".repeat(500_000))).toBe(undefined);
    expect(thrown(() => store.setSync("/b".repeat(500_000), bytes(1)))).toMatchObject({ code: "STORE_ERROR" });
  });
});

describe.runIf(isPosix)("LocalStore, symbolic links", () => {
  let outside = "";
  beforeEach(() => {
    outside = join(directory, "outside");
    mkdirSync(join(outside, "sub"), { recursive: true });
    writeFileSync(join(outside, "secret"), "s");
    mkdirSync(join(root, "inside", "sub"), { recursive: true });
    writeFileSync(join(root, "inside", "0"), bytes(5, 6));
  });

  it("refuses a directory that leads out of the root", async () => {
    symlinkSync(outside, join(root, "link"));
    symlinkSync("../../outside/sub", join(root, "inside", "up"));
    const store = new LocalStore(root, { durability: "none" });
    for (const key of ["/link/secret", "/link/missing", "/link/new/0", "/link/sub/0", "/inside/up/0"]) {
      await expectRefused([...uses(store, key), ...writes(store, key)], "INVALID_PATH");
    }
    expect(thrown(() => store.listSync("/link/")).code).toBe("INVALID_PATH");
    expect([...store.listSync("/")]).toEqual(["/inside/0"]);
    expect(readdirSync(outside).sort()).toEqual(["secret", "sub"]);
  });

  it("refuses a directory beside the root whose name begins as the root's", async () => {
    mkdirSync(`${root}-other`);
    symlinkSync(`${root}-other`, join(root, "link"));
    const store = new LocalStore(root);
    await expectRefused([...uses(store, "/link/0").slice(0, 4), ...writes(store, "/link/0")], "INVALID_PATH");
  });

  it("creates nothing through a link that leads nowhere", () => {
    symlinkSync(join(directory, "nowhere"), join(root, "link"));
    const store = new LocalStore(root);
    expect(store.getSync("/link/0")).toBe(undefined);
    expect(store.getSync("/link")).toBe(undefined);
    expect(thrown(() => store.setSync("/link/new/0", bytes(1))).code).toBe("STORE_ERROR");
    expect(existsSync(join(directory, "nowhere"))).toBe(false);
  });

  it("refuses a file that leads out of the root, and replaces or removes the link only", async () => {
    symlinkSync(join(outside, "secret"), join(root, "link"));
    const store = new LocalStore(root, { durability: "none" });
    await expectRefused(uses(store, "/link"), "INVALID_PATH");
    expect([...store.listSync("/")]).toEqual(["/inside/0"]);
    store.setSync("/link", bytes(1));
    expect(store.getSync("/link")).toEqual(bytes(1));
    rmSync(join(root, "link"));
    symlinkSync(join(outside, "secret"), join(root, "link"));
    store.deleteSync("/link");
    expect(existsSync(join(root, "link"))).toBe(false);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("s");
  });

  it("follows links that stay inside", async () => {
    symlinkSync("inside", join(root, "directory"));
    symlinkSync(join(root, "inside", "0"), join(root, "file"));
    const store = new LocalStore(root, { durability: "none" });
    for (const key of ["/directory/0", "/file"]) {
      expect(store.getSync(key)).toEqual(bytes(5, 6));
      expect(await store.get(key)).toEqual(bytes(5, 6));
      expect(store.sizeSync(key)).toBe(2);
    }
    store.setRangeSync?.("/file", bytes(7), 0);
    expect(store.getSync("/inside/0")).toEqual(bytes(7, 6));
    store.setSync("/directory/new/1", bytes(1));
    expect(store.getSync("/inside/new/1")).toEqual(bytes(1));
    expect([...store.listSync("/")].sort()).toEqual(["/file", "/inside/0", "/inside/new/1"]);
    expect([...store.listSync("/directory/")].sort()).toEqual(["/directory/0", "/directory/new/1"]);
  });

  it("takes a root that is itself a link", () => {
    symlinkSync(root, join(directory, "alias"));
    symlinkSync(join(root, "inside"), join(root, "absolute"));
    const store = new LocalStore(join(directory, "alias"));
    expect(store.getSync("/absolute/0")).toEqual(bytes(5, 6));
    expect(store.getSync("/inside/0")).toEqual(bytes(5, 6));
  });

  it("ends on links in a circle, with a typed error", async () => {
    symlinkSync("circle", join(root, "circle"));
    symlinkSync(".", join(root, "self"));
    const store = new LocalStore(root);
    await expectRefused([() => store.getSync("/circle"), () => store.getSync("/circle/0")], "STORE_ERROR");
    expect([...store.listSync("/")]).toEqual(["/inside/0"]);
    expect(store.getSync("/self/self/inside/0")).toEqual(bytes(5, 6));
  });

  it("does not wait for the other end of a named pipe", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    const store = new LocalStore(root, { durability: "none" });
    await expectRefused(uses(store, "/pipe"), "STORE_ERROR");
    expect([...store.listSync("/")]).toEqual(["/inside/0"]);
  });
});
