/** Lock files in real directories, between stores, threads and processes. */

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LockFiles, lockPath } from "../../src/node/lock_file.js";
import { type Identity, isDead, ownIdentity } from "../../src/node/process_identity.js";

const isLinux = process.platform === "linux";
const work = mkdtempSync(join(tmpdir(), "syncodec-locks-"));
const program = join(work, "child.mjs");
const token = "0123456789abcdef0123456789ab";

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./lock_child.ts", import.meta.url));
  await build({ entryPoints: [entry], outfile: program, bundle: true, platform: "node", format: "esm" });
});
afterAll(() => rmSync(work, { recursive: true }));

let root = "";
let value = "";
let children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(work, "root-"));
  value = `${root}/k`;
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

/** The files of the store, also those in `__locks`. */
function names(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
}

function start(...command: string[]): ChildProcess {
  const [name = "", ...rest] = command;
  const child = fork(program, [name, root, ...rest], { execArgv: [] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** A lock as another one would have left it. */
function leave(change: Partial<Identity>, path: string = lockPath(value)): void {
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), ...change, token }));
}

/** A pid that no process has. */
async function freePid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid!;
}

describe("a lock", () => {
  test("is a file beside the value while it is held, and says who holds it", () => {
    const locks = new LockFiles(root);
    const lock = locks.acquireSync(value);
    expect(lock.wasStolen).toBe(false);
    expect(JSON.parse(readFileSync(`${root}/__k.lock`, "utf8"))).toMatchObject({ ...ownIdentity(), pid: process.pid });
    expect(names()).toEqual(["__k.lock", "__locks", expect.stringMatching(/^__locks.[0-9a-f]{28}$/)]);
    lock.release();
    expect(names()).not.toContain("__k.lock");
    locks.close();
    expect(names()).toEqual([]);
  });

  test("can be taken after close, which leaves held ones", () => {
    const locks = new LockFiles(root);
    const first = locks.acquireSync(value);
    locks.close();
    expect(names()).toEqual(["__k.lock"]);
    const second = locks.acquireSync(`${root}/l`);
    first.release();
    second.release();
    locks.close();
    expect(names()).toEqual([]);
  });

  test("is per key", () => {
    const locks = new LockFiles(root);
    mkdirSync(`${root}/a`);
    const held = ["/k", "/k.lock", "/a/k"].map((key) => locks.acquireSync(root + key));
    expect(names()).toEqual(expect.arrayContaining(["__k.lock", "__k.lock.lock", join("a", "__k.lock")]));
    for (const lock of held) lock.release();
  });

  test("needs its directory", async () => {
    const locks = new LockFiles(root);
    expect(() => locks.acquireSync(`${root}/a/k`)).toThrow(expect.objectContaining({ code: "ENOENT" }));
    await expect(locks.acquire(`${root}/a/k`)).rejects.toMatchObject({ code: "ENOENT" });
    const nowhere = new LockFiles(`${root}/b`);
    expect(() => nowhere.acquireSync(`${root}/b/k`)).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(existsSync(`${root}/b`)).toBe(false);
  });

  test("survives that its owner file is removed", () => {
    const locks = new LockFiles(root);
    locks.acquireSync(value).release();
    rmSync(`${root}/__locks`, { recursive: true });
    locks.acquireSync(value).release();
    locks.close();
    expect(names()).toEqual([]);
  });
});

describe("waiting in one thread", () => {
  test("an asynchronous call waits for another store's; a synchronous one is refused at once", async () => {
    const [first, second] = [new LockFiles(root), new LockFiles(root)];
    const held = await first.acquire(value);
    expect(() => second.acquireSync(value)).toThrow(expect.objectContaining({ code: "KEY_BUSY" }));
    const events: string[] = [];
    const waiting = second.acquire(value).then((lock) => {
      events.push("acquired");
      lock.release();
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    events.push("released");
    held.release();
    await waiting;
    expect(events).toEqual(["released", "acquired"]);
    expect(names()).not.toContain("__k.lock");
  });

  test("many calls get it one after the other", async () => {
    let inside = 0;
    let most = 0;
    const stores = Array.from({ length: 10 }, () => new LockFiles(root));
    await Promise.all(
      stores.map(async (store) => {
        const lock = await store.acquire(value);
        most = Math.max(most, ++inside);
        await Promise.resolve();
        inside--;
        lock.release();
      }),
    );
    expect(most).toBe(1);
    for (const store of stores) store.close();
    expect(names()).toEqual([]);
  });

  test("one listener serves all stores", () => {
    const before = process.listenerCount("exit");
    const stores = Array.from({ length: 20 }, () => new LockFiles(root));
    for (const store of stores) store.acquireSync(value).release();
    expect(process.listenerCount("exit") - before).toBeLessThanOrEqual(1);
    for (const store of stores) store.close();
  });
});

describe("whose lock is stolen", () => {
  const steal = (): boolean => {
    const locks = new LockFiles(root, 20);
    try {
      const lock = locks.acquireSync(value);
      lock.release();
      return lock.wasStolen;
    } finally {
      locks.close();
    }
  };

  test("a process that is gone", async () => {
    leave({ pid: await freePid(), start: "1" });
    expect(steal()).toBe(true);
    expect(names()).toEqual([]);
  });

  test.runIf(isLinux)("a process whose pid another one has now: it began at another time", () => {
    leave({ pid: process.ppid, start: "1" });
    expect(steal()).toBe(true);
    leave({ start: "1" });
    expect(steal()).toBe(true);
  });

  test.runIf(isLinux)("any before the machine was started anew", () => {
    leave({ boot: "00000000-0000-0000-0000-000000000000", namespace: "pid:[1]", pid: process.ppid });
    expect(steal()).toBe(true);
  });

  test("a file that a loss of power has emptied", () => {
    writeFileSync(lockPath(value), "");
    utimesSync(lockPath(value), 1, 1);
    writeFileSync(`${root}/__k.lock.${token}`, "");
    expect(steal()).toBe(true);
    expect(names()).toEqual([]);
  });

  test.runIf(isLinux)("a zombie: its parent has not waited for it", async () => {
    const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    children.push(parent);
    const [line] = await once(parent.stdout, "data");
    const pid = Number(String(line));
    const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const start = stat()[19]!;
    expect(isDead({ ...ownIdentity(), pid, start })).toBe(false);
    leave({ pid, start });
    while (stat()[0] !== "Z") await new Promise((resolve) => setTimeout(resolve, 10));
    expect(steal()).toBe(true);
  });

  test("one held by a killed process, with what it left; other keys keep theirs", async () => {
    const child = start("hold");
    await once(child, "message");
    expect(steal).toThrow(expect.objectContaining({ code: "LOCK_TIMEOUT" }));
    await kill(child);
    // One who died when about to steal it.
    const holder = JSON.parse(readFileSync(lockPath(value), "utf8"));
    leave({ pid: child.pid!, start: "1" }, `${lockPath(value)}.${holder.token}`);
    const kept = ["__k.journal", "__k.lock.journal", "__k.b.1-1.tmp", "__kk.1-1.tmp", "k.1.tmp", `__k.b.lock.${token}`];
    for (const name of [...kept, "__k.1-1.tmp", "__k.x.tmp"]) writeFileSync(join(root, name), "");
    expect(steal()).toBe(true);
    expect(names()).toEqual(kept.sort());
  });

  test("a terminated thread's", async () => {
    const worker = new Worker(program, { argv: ["hold", root] });
    await once(worker, "message");
    expect(steal).toThrow(expect.objectContaining({ code: "LOCK_TIMEOUT" }));
    await worker.terminate();
    if (isLinux) expect(steal()).toBe(true);
  });
});

describe("whose lock is not stolen", () => {
  const message = (timeout = 20): string => {
    try {
      new LockFiles(root, timeout).acquireSync(value);
    } catch (error) {
      expect(error).toMatchObject({ name: "RuntimeError", code: "LOCK_TIMEOUT" });
      return String(error);
    }
    throw new Error("the lock was taken");
  };

  test("a running process: the message says which", async () => {
    const child = start("hold");
    await once(child, "message");
    const text = message(30);
    expect(text).toContain(`waited 30 ms for ${root}/__k.lock: it is held by process ${child.pid} (thread 0) on host`);
    expect(text).toContain("which is running. Let it finish, or allow a longer wait");
    await expect(new LockFiles(root, 20).acquire(value)).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
  });

  test("one on another host", async () => {
    leave({ host: "elsewhere", boot: "1", pid: await freePid() });
    const text = message();
    expect(text).toContain("on host elsewhere, which is not this one");
    expect(text).toContain(`If it is not, remove ${root}/__k.lock`);
  });

  test("one in another pid namespace", async () => {
    leave({ namespace: "pid:[1]", pid: await freePid() });
    expect(message()).toContain("in another pid namespace: whether it is running cannot be told from here");
  });

  test.each(["", "{", "null", '{"pid":1}', "x".repeat(10_000)])(
    "a file that does not say who holds it: %.10s",
    (text) => {
      writeFileSync(lockPath(value), text);
      expect(message()).toContain(
        `does not say who holds it. If no program is writing to the store, remove ${root}/__k`,
      );
    },
  );

  test("one with a token that is a path", async () => {
    const owner = { ...ownIdentity(), pid: await freePid(), start: "1", token: "../../../x" };
    writeFileSync(lockPath(value), JSON.stringify(owner));
    expect(message()).toContain("does not say who holds it");
  });

  test("who was about to steal it, and lives: the message names the claim", async () => {
    leave({ pid: await freePid(), start: "1" });
    const claim = `${lockPath(value)}.${token}`;
    writeFileSync(
      claim,
      JSON.stringify({ ...ownIdentity(), pid: 1, host: "elsewhere", token: token.replace("0", "1") }),
    );
    expect(message()).toContain(`${claim} is held by process 1`);
    expect(message()).toContain(`remove ${claim}`);
  });

  test("a circle of claims, which nobody leaves", async () => {
    const pid = await freePid();
    leave({ pid, start: "1" });
    leave({ pid, start: "1" }, `${lockPath(value)}.${token}`);
    expect(message()).toContain(`${lockPath(value)}.${token} is held by process ${pid}`);
  });
});

describe("where the owner file cannot be linked", () => {
  const fails = (code: string, isFailing: (from: string) => boolean) => ({
    link(from: string, to: string): boolean {
      if (isFailing(from)) throw Object.assign(new Error(code), { code });
      if (existsSync(to)) return false;
      linkSync(from, to);
      return true;
    },
  });
  const isOwnerFile = (path: string): boolean => path.includes("__locks");

  test.each(["EXDEV", "EMLINK"])("%s: the owner is written beside the value", (code) => {
    const locks = new LockFiles(root, 20, fails(code, isOwnerFile));
    const lock = locks.acquireSync(value);
    expect(names().filter((name) => !isOwnerFile(name))).toEqual(["__k.lock"]);
    expect(() => locks.acquireSync(value)).toThrow(expect.objectContaining({ code: "KEY_BUSY" }));
    lock.release();
    locks.close();
    expect(names()).toEqual([]);
  });

  test("a temporary owner swept by somebody else is written again", async () => {
    leave({ pid: await freePid(), start: "1" });
    let sweeps = 0;
    const { link } = fails("EXDEV", isOwnerFile);
    const locks = new LockFiles(root, 20, {
      link(from, to) {
        if (from.endsWith(".tmp") && sweeps++ < 2) unlinkSync(from);
        return existsSync(from) || isOwnerFile(from) ? link(from, to) : fails("ENOENT", () => true).link(from, to);
      },
    });
    const lock = locks.acquireSync(value);
    expect(lock.wasStolen).toBe(true);
    lock.release();
    locks.close();
    expect(names()).toEqual([]);
  });

  test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])("%s: the lock is created exclusively", async (code) => {
    const locks = new LockFiles(
      root,
      20,
      fails(code, () => true),
    );
    const lock = locks.acquireSync(value);
    expect(JSON.parse(readFileSync(lockPath(value), "utf8"))).toMatchObject({ pid: process.pid });
    lock.release();
    leave({ pid: await freePid(), start: "1" });
    const stolen = locks.acquireSync(value);
    expect(stolen.wasStolen).toBe(true);
    stolen.release();
    locks.close();
    expect(names()).toEqual([]);
  });

  test("other errors are thrown, and leave nothing", () => {
    const locks = new LockFiles(
      root,
      20,
      fails("EIO", () => true),
    );
    expect(() => locks.acquireSync(value)).toThrow(expect.objectContaining({ code: "EIO" }));
    locks.close();
    expect(names()).toEqual([]);
  });

  test("an owner's directory that is a link is not followed", () => {
    const outside = mkdtempSync(join(work, "outside-"));
    symlinkSync(outside, `${root}/__locks`);
    const locks = new LockFiles(root);
    const lock = locks.acquireSync(value);
    expect(readdirSync(outside)).toEqual([]);
    expect(names()).toEqual(["__k.lock", "__locks"]);
    lock.release();
    locks.close();
    expect(names()).toEqual(["__locks"]);
  });
});

describe("owner files", () => {
  test.each(["return", "exit"])("go when a process ends: %s", async (how) => {
    const child = start("use", how);
    const [said] = await once(child, "message");
    expect(said).toBe("used");
    await once(child, "exit");
    expect(names()).toEqual([]);
  });

  test.each(["return", "exit"])("go when a thread ends: %s", async (how) => {
    const worker = new Worker(program, { argv: ["use", root, how] });
    const ended = once(worker, "exit");
    const [said] = await once(worker, "message");
    expect(said).toBe("used");
    await ended;
    expect(names()).toEqual([]);
  });

  test("go when the store is collected", async () => {
    const child = fork(program, ["forget", root], { execArgv: ["--expose-gc"] });
    children.push(child);
    const [said] = await once(child, "message");
    expect(said).toBe("collected");
  });

  test("of killed processes, and incomplete ones, are swept by the next", async () => {
    const child = start("hold");
    await once(child, "message");
    await kill(child);
    writeFileSync(`${root}/__locks/${token}`, "");
    writeFileSync(`${root}/__locks/note`, "");
    expect(readdirSync(`${root}/__locks`)).toHaveLength(3);
    const locks = new LockFiles(root);
    locks.acquireSync(`${root}/other`).release();
    expect(readdirSync(`${root}/__locks`)).toEqual([expect.stringMatching(/^[0-9a-f]{28}$/), "note"]);
    locks.close();
    expect(names()).toEqual(["__k.lock", "__locks", join("__locks", "note")]);
  });

  test("of living ones stay", async () => {
    const child = start("hold");
    await once(child, "message");
    const before = names();
    const locks = new LockFiles(root);
    locks.acquireSync(`${root}/other`).release();
    locks.close();
    expect(names()).toEqual(before);
  });
});

describe("processes", () => {
  /** Half of them kill themselves at a step of their work, the others are killed at any moment. */
  const kills = Number(process.env.SYNCODEC_LOCK_KILLS ?? 20);

  test(`8 that add to a number, ${kills} killed`, { timeout: 60_000 + kills * 1000 }, async () => {
    const target = 500 + kills * 50;
    writeFileSync(value, "0");
    const said: unknown[] = [];
    const running = new Set<ChildProcess>();
    const suicides = Math.ceil(kills / 2);
    let started = 0;
    let died = 0;
    const finished = new Promise<void>((resolve) => {
      const add = (): void => {
        const [turn, step] = started < suicides ? [started % 7, 1 + (started % 5)] : [0, 0];
        started++;
        const child = start("count", String(target), String(turn), String(step));
        running.add(child);
        child.on("message", (message) => said.push(message));
        child.on("exit", (_code, signal) => {
          running.delete(child);
          if (signal === "SIGKILL") {
            died++;
            add();
          } else if (running.size === 0) resolve();
        });
      };
      for (let i = 0; i < 8; i++) add();
    });
    const number = (): number => Number(readFileSync(value, "utf8"));
    while (died < kills && number() < target) {
      await new Promise((resolve) => setTimeout(resolve, 50 * Math.random()));
      if (died < suicides) continue;
      const victims = [...running].filter(({ killed }) => !killed);
      victims[Math.floor(Math.random() * victims.length)]?.kill("SIGKILL");
    }
    await finished;
    expect(said).toEqual([]);
    expect(number()).toBe(target);
    expect(died).toBeGreaterThanOrEqual(suicides);
    const logged = readFileSync(`${root}/log`, "utf8").trim().split("\n").map(Number);
    // None was given twice, and only who was killed between the two writes has not said so.
    expect(new Set(logged).size).toBe(logged.length);
    expect(logged.length).toBeGreaterThanOrEqual(target - died);
    // The next theft leaves nothing of the dead.
    const locks = new LockFiles(root);
    rmSync(lockPath(value), { force: true });
    leave({ pid: await freePid(), start: "1" });
    locks.acquireSync(value).release();
    locks.close();
    const own = ["inside", "k", "log", "next"];
    expect(names().filter((name) => !own.includes(name))).toEqual([]);
  });
});
