/**
 * How processes agree on who holds a lock file, written once over the few file operations that it takes.
 *
 * The lock of `a/b` is `a/__b.lock`. It appears complete: a contender links a file that names it, so that exactly one succeeds. To release
 * it is to unlink it. A dead owner's lock is stolen: whoever links `….lock.<token of the dead>` may, if the lock is still the dead owner's,
 * rename that claim over it; otherwise the claim is withdrawn. Where a dead contender holds the claim, its own token is claimed next, and
 * so on. The new owner sweeps what the dead have left beside the value.
 *
 * A token belongs to a store, not to one acquisition. That suffices, because it is claimed only after its owner is dead for good, and never
 * appears anew from then on. So:
 * - While the lock is t's, t dead, the chain that begins with it only grows. A dead claimant is gone on from only if its claim was seen
 *   after its death (it may have withdrawn before), and then nobody takes that claim away but a later owner. So all who claim find the same
 *   chain, its end is free for one of them, and that one alone changes the lock. Whoever gets a claim later finds another owner in the lock,
 *   and withdraws.
 * - Every claim in the chain was made after t's death. A claim that an owner sweeps was made before the end of its time, on a token that
 *   leads from no later owner, so that neither the sweep, nor the contender withdrawing what is no longer its own, breaks a later chain.
 * - A claim and the lock it replaces are never links to the same file, of which rename(2) would do nothing: one names a living owner, the
 *   other a dead one.
 *
 * Where a link to the store's own file cannot be made (another file system, too many links, a directory that it may not write), the owner
 * is written beside the value for the one acquisition. Where the file system has no links, the lock is created exclusively and written
 * then; a reader may see it incomplete. A lock that cannot be read as an owner counts as alive, so that waiting for it times out, unless it
 * is older than the last start of this machine: what a loss of power leaves is an empty file.
 */
import { type Settling, type Steps, settled } from "../stores/steps.js";
import { errorCode } from "./file_io.js";
import type { Identity } from "./process_identity.js";

/** What a lock, or a claim, says. */
export interface Holder {
  /** 28 hexadecimal digits, which no other holder has. */
  readonly token: string;
  /** `undefined` if the file does not say. */
  readonly owner: Identity | undefined;
  /** When the file was written, in ms. */
  readonly written: number;
}

/** Errors are those of Node's file system. */
export interface LockOperations {
  /** False if there is something under `to`. */
  link(from: string, to: string): Settling<boolean>;
  /** Creates and writes a file; false if there is something of that name. */
  create(path: string, text: string): Settling<boolean>;
  /** `undefined` if there is no such file. */
  read(path: string): Settling<Holder | undefined>;
  /** False if `from` does not exist. */
  rename(from: string, to: string): Settling<boolean>;
  /** A missing file is no error. */
  unlink(path: string): Settling<void>;
  /** The names in a directory. */
  list(directory: string): Settling<readonly string[]>;
  /** Whether the holder will certainly never do anything again. */
  isDead(holder: Holder): Settling<boolean>;
  pause(milliseconds: number): Settling<void>;
}

/** Who wants the lock, for one acquisition. */
export interface Contender {
  readonly token: string;
  /** What the owner's file says. */
  readonly text: string;
  /** A name beside the value for the owner's file, as {@link isLeftover} knows it; nobody else uses it. */
  readonly temporary: string;
  /** The store's owner file, written if need be; `undefined` if it cannot be. */
  ownerFile(): string | undefined;
  /** Writes the owner's file again if it is gone; false if it is not. */
  restoreOwnerFile(): boolean;
  /** Before each pause, while `holder` has the file at `path`. Throws if there is no use in waiting any longer. */
  checkWait(path: string, holder: Holder): void;
}

/** Link's answers where the file system, or its mount, has no links; Windows says the last one. */
const withoutLinks: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR"];
/** Of one link, while files that it needs are swept away. */
const maximalAttempts = 8;
const firstPause = 0.05;
const lastPause = 4;
const pauseGrowth = 1.5;
const tokenPattern = /^[0-9a-f]{28}$/;

export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

/** Takes the lock; returns whether it was a dead owner's. Does not create its directory: `ENOENT`. */
export function* acquireLock(files: LockOperations, lock: string, contender: Contender): Steps<boolean> {
  const own = new OwnName(files, contender);
  try {
    for (let attempt = 1; ; attempt++) {
      if (yield* own.put(lock)) return false;
      const holder = yield* settled(files.read(lock));
      if (holder === undefined) continue;
      if (!(yield* settled(files.isDead(holder)))) {
        contender.checkWait(lock, holder);
        yield* settled(files.pause(pauseBefore(attempt)));
        continue;
      }
      const claim = yield* claimFrom(files, own, lock, holder);
      if (claim.isOurs && (yield* replaceDead(files, lock, holder, claim.path))) {
        yield* sweep(files, lock);
        return true;
      }
      if (!claim.isOurs) {
        contender.checkWait(claim.path, claim.holder);
        yield* settled(files.pause(pauseBefore(attempt)));
      }
    }
  } finally {
    yield* own.close();
  }
}

/** From 50 µs to 4 ms, in ms; of random length, so that contenders do not keep step. */
function pauseBefore(attempt: number): number {
  return Math.min(firstPause * pauseGrowth ** (attempt - 1), lastPause) * (0.5 + Math.random());
}

type Claim =
  | { readonly isOurs: true; readonly path: string }
  | { readonly isOurs: false; readonly path: string; readonly holder: Holder };

/** Claims what `dead` held, or, if that was claimed by one who is dead too, what that one held. */
function* claimFrom(files: LockOperations, own: OwnName, lock: string, dead: Holder): Steps<Claim> {
  const passed = new Set<string>();
  for (let last = dead; ; ) {
    const path = `${lock}.${last.token}`;
    if (yield* own.put(path)) return { isOurs: true, path };
    const holder = yield* settled(files.read(path));
    if (holder === undefined) continue;
    // A circle is nothing that contenders leave, but a directory may come from anywhere.
    if (passed.has(holder.token) || !(yield* settled(files.isDead(holder)))) return { isOurs: false, path, holder };
    // It may have withdrawn the claim, and died thereafter. From now on the claim stays until an owner sweeps it.
    const now = yield* settled(files.read(path));
    if (now?.token !== holder.token) continue;
    passed.add(holder.token);
    last = holder;
  }
}

/** Puts the claim in the place of the dead owner's lock, if it is still that; else withdraws it. */
function* replaceDead(files: LockOperations, lock: string, dead: Holder, claim: string): Steps<boolean> {
  let isReplaced = false;
  try {
    const now = yield* settled(files.read(lock));
    isReplaced = now?.token === dead.token && (yield* settled(files.rename(claim, lock)));
  } finally {
    if (!isReplaced) yield* settled(files.unlink(claim));
  }
  return isReplaced;
}

/** Removes claims on this lock, and temporary files of its value. */
function* sweep(files: LockOperations, lock: string): Steps<void> {
  const nameStart = lock.lastIndexOf("/") + 1;
  const directory = lock.slice(0, nameStart);
  const lockName = lock.slice(nameStart);
  for (const name of yield* settled(files.list(directory))) {
    if (isLeftover(name, lockName)) yield* removeIfPossible(files, directory + name);
  }
}

/** What stays is hidden, counts for nothing, and must not keep a lock from its owner. */
function* removeIfPossible(files: LockOperations, path: string): Steps<void> {
  try {
    yield* settled(files.unlink(path));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/**
 * Whether a file of that name beside the value is a claim on its lock, or a temporary file of it: `__<name>.<no dot>.tmp`. The names of
 * other keys may begin alike (`a`, `a.b`, `a.lock`), so that nothing more general is the value's own.
 */
export function isLeftover(name: string, lockName: string): boolean {
  const claimed = `${lockName}.`;
  if (name.startsWith(claimed)) return isToken(name.slice(claimed.length));
  const valueName = lockName.slice(0, -lockSuffix.length);
  if (!name.startsWith(`${valueName}.`) || !name.endsWith(temporarySuffix)) return false;
  const between = name.slice(valueName.length + 1, -temporarySuffix.length);
  return between !== "" && !between.includes(".");
}

export const lockSuffix = ".lock";
export const temporarySuffix = ".tmp";

/** Puts the contender's name under paths, by the means there are. */
class OwnName {
  readonly #files: LockOperations;
  readonly #contender: Contender;
  /** The file to link: the owner's, or a temporary one; `undefined` where nothing can be linked. */
  #source: string | undefined;
  #hasTemporary = false;

  constructor(files: LockOperations, contender: Contender) {
    this.#files = files;
    this.#contender = contender;
    this.#source = contender.ownerFile() ?? contender.temporary;
  }

  /** False if there is something under `path`. */
  *put(path: string): Steps<boolean> {
    const { text, temporary } = this.#contender;
    for (let attempt = 1; this.#source !== undefined; attempt++) {
      try {
        return yield* settled(this.#files.link(this.#source, path));
      } catch (error) {
        const code = errorCode(error);
        // Who has stolen the lock sweeps temporary files, this one too.
        const isSwept = code === "ENOENT" && attempt < maximalAttempts;
        if (code !== undefined && withoutLinks.includes(code)) this.#source = undefined;
        else if (this.#source !== temporary && (code === "EXDEV" || code === "EMLINK")) this.#source = temporary;
        else if (!isSwept || (this.#source !== temporary && !this.#contender.restoreOwnerFile())) throw error;
      }
      if (this.#source === temporary) {
        yield* settled(this.#files.create(temporary, text));
        this.#hasTemporary = true;
      }
    }
    return yield* settled(this.#files.create(path, text));
  }

  /** Removes the temporary file, if one was written. */
  *close(): Steps<void> {
    if (this.#hasTemporary) yield* removeIfPossible(this.#files, this.#contender.temporary);
  }
}
