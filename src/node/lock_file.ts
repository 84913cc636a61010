/**
 * Locks of keys towards other processes and threads of this machine: a file beside each value, by the rules of `lock_protocol.ts`.
 *
 * Each store has one file that names it, `<root>/__locks/<token>`, written when it first takes a lock. A lock is a link to that file, so that
 * taking and releasing it are one call of the file system each. The file goes when the store is closed or collected, or its thread ends; who
 * was killed leaves it to the next one that writes its own.
 *
 * No promise on network file systems. A thread that was terminated within a living process counts as dead for the threads of its own
 * process; to other processes its lock is held until that process ends. A process in another pid namespace, such as that of a container
 * that was started anew, cannot be told from a living one: its locks time out.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "../errors.js";
import { onThreadExit } from "../platform.js";
import { runSteps, runStepsAsync } from "../stores/steps.js";
import { errorCode, noFollow, readFully, renameOver, writeFully } from "./file_io.js";
import {
  acquireLock,
  type Contender,
  type Holder,
  isToken,
  type LockOperations,
  lockSuffix,
  temporarySuffix,
} from "./lock_protocol.js";
import { type Identity, isBeforeBoot, isDead, isThisThread, ownIdentity } from "./process_identity.js";
import { besidePath, hiddenPrefix } from "./store_paths.js";

const ownersDirectory = `/${hiddenPrefix}locks`;
const tokenBytes = 14;
/** More is no owner's text. */
const maximalOwnerBytes = 4096;
/** For so long a holder that was found alive is not looked at again, in ms. A look costs 20 µs. */
const aliveFor = 5;
/** Of a directory that others remove when it is empty. */
const maximalAttempts = 8;
export const defaultLockTimeout = 30_000;

/** A lock that is held. */
export interface HeldLock {
  /** Whether a dead owner held it before: what that one was doing may be half done. */
  readonly wasStolen: boolean;
  /** To be called once. */
  release(): void;
}

/** The lock of the value at `path`, an absolute path with a slash before its last segment. */
export function lockPath(path: string): string {
  return besidePath(path, lockSuffix);
}

/** The locks of one store. */
export class LockFiles {
  readonly #owner: OwnerFile;
  readonly #timeout: number;
  readonly #now: LockOperations;
  readonly #later: LockOperations;
  #acquisitions = 0;

  /**
   * `root` is an absolute path without a separator at its end; `timeout` in ms. `operations` take the place of the file system's, for tests.
   */
  constructor(root: string, timeout: number = defaultLockTimeout, operations: Partial<LockOperations> = {}) {
    this.#owner = new OwnerFile(root + ownersDirectory);
    this.#timeout = timeout;
    this.#now = { ...fileOperations, pause: block, ...operations };
    this.#later = { ...fileOperations, pause: (milliseconds) => sleep(milliseconds), ...operations };
    abandoned.register(this, this.#owner);
  }

  /**
   * Locks the value at `path` (see {@link lockPath}), whose directory must exist (else the file system's `ENOENT`). Blocks the thread while
   * it waits.
   *
   * @throws RuntimeError `LOCK_TIMEOUT`, or `KEY_BUSY` if this thread itself holds the lock, and so cannot wait for it.
   */
  acquireSync(path: string): HeldLock {
    const lock = lockPath(path);
    return this.#held(lock, runSteps(acquireLock(this.#now, lock, this.#contender(lock, true))));
  }

  /** As {@link LockFiles.acquireSync}, but waits for this thread's calls too. */
  async acquire(path: string): Promise<HeldLock> {
    const lock = lockPath(path);
    return this.#held(lock, await runStepsAsync(acquireLock(this.#later, lock, this.#contender(lock, false))));
  }

  /** Whether the lock of the value at `path` is held, by one who may be living. */
  isHeld(path: string): boolean {
    const holder = readHolder(lockPath(path));
    return holder !== undefined && (holder.owner === undefined || !isDead(holder.owner));
  }

  /** Removes the owner file. Locks that are held stay so; the next one to be taken writes the file again. */
  close(): void {
    this.#owner.remove();
  }

  #contender(lock: string, blocks: boolean): Contender {
    this.#acquisitions++;
    return new Acquisition(this.#owner, lock, this.#acquisitions, this.#timeout, blocks);
  }

  #held(lock: string, wasStolen: boolean): HeldLock {
    return { wasStolen, release: () => remove(lock) };
  }
}

class Acquisition implements Contender {
  readonly token: string;
  readonly text: string;
  readonly temporary: string;
  readonly #owner: OwnerFile;
  readonly #lock: string;
  readonly #timeout: number;
  readonly #blocks: boolean;
  /** When it first had to wait. */
  #since: number | undefined;

  constructor(owner: OwnerFile, lock: string, count: number, timeout: number, blocks: boolean) {
    this.token = owner.token;
    this.text = owner.text;
    this.temporary = `${lock.slice(0, -lockSuffix.length)}.${owner.token}-${count}${temporarySuffix}`;
    this.#owner = owner;
    this.#lock = lock;
    this.#timeout = timeout;
    this.#blocks = blocks;
  }

  ownerFile(): string | undefined {
    return this.#owner.write();
  }

  restoreOwnerFile(): boolean {
    return this.#owner.restore();
  }

  checkWait(path: string, { owner }: Holder): void {
    if (this.#blocks && owner !== undefined && isThisThread(owner)) {
      const reason = `an asynchronous call of this thread holds ${path}; await it before a synchronous one`;
      throw new RuntimeError("KEY_BUSY", reason);
    }
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since < this.#timeout) return;
    throw new RuntimeError(
      "LOCK_TIMEOUT",
      `waited ${this.#timeout} ms for ${this.#lock}: ${describeHolder(path, this.#lock, owner)}`,
    );
  }
}

function describeHolder(path: string, lock: string, owner: Identity | undefined): string {
  const file = path === lock ? "it" : path;
  if (owner === undefined) {
    return `${file} does not say who holds it. If no program is writing to the store, remove ${path}`;
  }
  const { pid, thread, host } = owner;
  const self = ownIdentity();
  const holder = `${file} is held by process ${pid} (thread ${thread}) on host ${host}`;
  if (host === self.host && owner.namespace === self.namespace) {
    return `${holder}, which is running. Let it finish, or allow a longer wait`;
  }
  const where = host === self.host ? "in another pid namespace" : "which is not this one";
  return `${holder}, ${where}: whether it is running cannot be told from here. If it is not, remove ${path}`;
}

/** A store's file that names it, to which its locks are links. */
class OwnerFile {
  readonly token: string = Buffer.from(crypto.getRandomValues(new Uint8Array(tokenBytes))).toString("hex");
  readonly #directory: string;
  readonly #path: string;
  #text: string | undefined;
  #isWritten = false;
  #isImpossible = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = `${directory}/${this.token}`;
  }

  get text(): string {
    this.#text ??= JSON.stringify({ ...ownIdentity(), token: this.token });
    return this.#text;
  }

  /** Returns the path, or `undefined` where this process may not write. */
  write(): string | undefined {
    if (this.#isWritten) return this.#path;
    if (this.#isImpossible) return undefined;
    this.#isImpossible = !this.#create();
    if (this.#isImpossible) return undefined;
    this.#isWritten = true;
    removeAtExit(this);
    sweepOwners(this.#directory, this.token);
    return this.#path;
  }

  /** Writes the file again if it is gone. */
  restore(): boolean {
    if (existsSync(this.#path)) return false;
    this.#isWritten = false;
    return this.write() !== undefined;
  }

  remove(): void {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    written.delete(this);
    attempt(() => unlinkSync(this.#path));
    // Others may have their files there.
    attempt(() => rmdirSync(this.#directory));
  }

  #create(): boolean {
    for (let attempts = 1; ; attempts++) {
      try {
        makeDirectory(this.#directory);
        // A link might lead out of the store.
        if (!lstatSync(this.#directory).isDirectory()) return false;
        return createFile(this.#path, this.text);
      } catch (error) {
        const code = errorCode(error);
        // Another store has removed the directory, which was empty.
        if (code === "ENOENT" && attempts < maximalAttempts) continue;
        attempt(() => rmdirSync(this.#directory));
        if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
        throw error;
      }
    }
  }
}

/** Owner files of this thread's stores. */
const written = new Set<OwnerFile>();
let isListening = false;
const abandoned = new FinalizationRegistry<OwnerFile>((owner) => owner.remove());

function removeAtExit(owner: OwnerFile): void {
  written.add(owner);
  if (isListening) return;
  isListening = true;
  // Locks that are held stay: transfers may still be under way, and the next owner is to know that something was cut short.
  onThreadExit(() => {
    for (const each of written) each.remove();
  });
}

/**
 * Removes the files of dead owners, and those that are not complete. One of a living owner may be among the latter, which then finds its
 * file missing, and writes it again.
 */
function sweepOwners(directory: string, ownToken: string): void {
  for (const name of readdirSync(directory)) {
    if (!isToken(name) || name === ownToken) continue;
    const path = `${directory}/${name}`;
    attempt(() => {
      const holder = readHolder(path);
      if (holder !== undefined && (holder.owner === undefined || isDead(holder.owner))) remove(path);
    });
  }
}

/** For what is as well left undone if the file system refuses. */
function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function createFile(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    writeFully(file, Buffer.from(text), 0);
  } catch (error) {
    attempt(() => unlinkSync(path));
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function readHolder(path: string): Holder | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { ino, mtimeMs, size } = fstatSync(file, { bigint: true });
    const bytes = Buffer.alloc(Math.min(Number(size), maximalOwnerBytes));
    const owner = parseOwner(bytes.toString("utf8", 0, readFully(file, bytes, 0)));
    return { token: owner?.token ?? tokenOf(ino, mtimeMs), owner, written: Number(mtimeMs) };
  } finally {
    closeSync(file);
  }
}

/** What stands for the token in a file that has none. */
function tokenOf(inode: bigint, milliseconds: bigint): string {
  const digits = (value: bigint, count: number) =>
    BigInt.asUintN(count * 4, value)
      .toString(16)
      .padStart(count, "0");
  return digits(inode, 16) + digits(milliseconds, 12);
}

function parseOwner(text: string): (Identity & { readonly token: string }) | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isOwner(value) ? value : undefined;
}

const ownerStrings = ["host", "boot", "namespace", "start", "task", "token"] as const;
const ownerNumbers = ["pid", "thread"] as const;

function isOwner(value: unknown): value is Identity & { readonly token: string } {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const token = fields.get("token");
  const pid = fields.get("pid");
  return (
    ownerStrings.every((name) => typeof fields.get(name) === "string") &&
    ownerNumbers.every((name) => Number.isInteger(fields.get(name))) &&
    typeof token === "string" &&
    isToken(token) &&
    typeof pid === "number" &&
    pid > 0
  );
}

let lastAlive = { token: "", until: 0 };

const fileOperations = {
  link(from: string, to: string): boolean {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  },
  create: createFile,
  read: readHolder,
  rename(from: string, to: string): boolean {
    try {
      renameOver(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  },
  unlink: remove,
  list: (directory: string) => readdirSync(directory),
  isDead({ token, owner, written }: Holder): boolean {
    if (owner === undefined) return isBeforeBoot(written);
    const now = performance.now();
    if (token === lastAlive.token && now < lastAlive.until) return false;
    if (isDead(owner)) return true;
    lastAlive = { token, until: now + aliveFor };
    return false;
  },
} satisfies Omit<LockOperations, "pause">;

const bell = new Int32Array(new SharedArrayBuffer(4));

/** Nobody rings. */
function block(milliseconds: number): void {
  Atomics.wait(bell, 0, 0, milliseconds);
}
