/**
 * Changing part of a stored value so that a crash leaves the old value or the new one: the protocol, without the files.
 *
 * ```
 * commit the journal -> write the tail -> overwrite the pieces -> cut off what the value no longer has -> retire the journal
 * ```
 *
 * A change that is cut short is decided by {@link recover}, which the next one to lock the value calls first: as long as the tail is not
 * complete nothing else was written, and the value is cut to its old length; from then on the pieces are written again. With `power` every
 * arrow waits until the disk has what comes before it.
 *
 * All of it runs under the value's lock. docs/durability.md has the promise, and what it was tested with.
 */

import { RuntimeError } from "../errors.js";
import { crc32cOf, crc32cOfParts } from "../wasm/checksum.js";
import type { DiskFile } from "./disk.js";
import { decodeJournal, encodeJournal, type FoundJournal, type Journal, type Piece, sectorsOf } from "./journal.js";
import { checkPatch } from "./range.js";
import { type Settling, type Steps, settled } from "./steps.js";
import type { Patch, PatchWrite } from "./store.js";

/** Where the journal of one value is kept. */
export interface JournalKeeper {
  /** The journal that counts. */
  read(): Steps<Uint8Array | undefined>;
  /** Once this returns, the journal counts; until then it never began. `bytes` are the keeper's. */
  commit(bytes: Uint8Array, power: boolean): Steps<void>;
  /** Marks the journal that counts as done, and removes it. */
  retire(power: boolean): Steps<void>;
  /** With `power`, before what the journal says is acted upon: it must not be gone after the next crash. */
  secure(): Steps<void>;
}

/** The value and its journal, for messages. */
export interface ValueNames {
  readonly key: string;
  readonly value: string;
  readonly journal: string;
  /** How the user says what counts after a conflict. */
  readonly remedy?: string;
}

const defaultRemedy =
  "`syncodec verify --repair --keep=file` keeps the value as it is, `--keep=journal` finishes the change";

/** What a conflict is resolved with, and nothing else is: the value as it is, or as the journal would have it. */
export type Keep = "file" | "journal";

/** A patch, as it changes one value. */
interface Change {
  readonly oldLength: number;
  readonly newLength: number;
  /** Below both lengths; in order, apart from each other. */
  readonly overwrites: readonly PatchWrite[];
  /** All from the old length to the new one; `undefined` if the value does not grow. */
  readonly tail: Uint8Array | undefined;
}

/** Writes in order of their offsets, none overlapping another: where two do, the later one counts, as if they were made one by one. */
function disjoint(writes: readonly PatchWrite[]): PatchWrite[] {
  const sorted = writes.filter(({ bytes }) => bytes.byteLength > 0).sort((a, b) => a.offset - b.offset);
  const overlaps = sorted.some(
    ({ offset, bytes }, i) => offset + bytes.byteLength > (sorted[i + 1]?.offset ?? Infinity),
  );
  if (!overlaps) return sorted;
  const start = sorted[0]!.offset;
  const end = sorted.reduce((last, { offset, bytes }) => Math.max(last, offset + bytes.byteLength), 0);
  const all = new Uint8Array(end - start);
  const isWritten = new Uint8Array(end - start);
  for (const { offset, bytes } of writes) {
    all.set(bytes, offset - start);
    isWritten.fill(1, offset - start, offset - start + bytes.byteLength);
  }
  const runs: PatchWrite[] = [];
  for (let from = isWritten.indexOf(1); from !== -1; ) {
    const gap = isWritten.indexOf(0, from);
    const to = gap === -1 ? all.byteLength : gap;
    runs.push({ offset: start + from, bytes: all.subarray(from, to) });
    from = gap === -1 ? -1 : isWritten.indexOf(1, gap);
  }
  return runs;
}

function changeOf(key: string, patch: Patch, oldLength: number): Change {
  const newLength = checkPatch(key, patch, oldLength);
  const overwrites: PatchWrite[] = [];
  const tail = newLength > oldLength ? new Uint8Array(newLength - oldLength) : undefined;
  for (const { offset, bytes } of disjoint(patch.writes)) {
    const below = Math.max(0, Math.min(bytes.byteLength, oldLength - offset));
    if (below > 0) overwrites.push({ offset, bytes: bytes.subarray(0, below) });
    if (below < bytes.byteLength) tail?.set(bytes.subarray(below), offset + below - oldLength);
  }
  return { oldLength, newLength, overwrites, tail };
}

/** What the overwrites replace, one array each. */
function* readOld(file: DiskFile, overwrites: readonly PatchWrite[]): Steps<Uint8Array[]> {
  const old: Uint8Array[] = [];
  for (const { offset, bytes } of overwrites) old.push(yield* settled(file.read(offset, bytes.byteLength)));
  return old;
}

/** The bytes from the last to the first: see {@link Piece.oldChecksum}. */
function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}

/** {@link Piece.oldChecksum} of each part of `bytes`, in ascending order. */
function oldChecksums(bytes: Uint8Array, parts: readonly (readonly [start: number, end: number])[]): number[] {
  const { byteLength } = bytes;
  const mirrored = parts.map(([start, end]) => [byteLength - end, byteLength - start] as const).reverse();
  return crc32cOfParts(reversed(bytes), mirrored).reverse();
}

function piecesOf(overwrites: readonly PatchWrite[], old: readonly Uint8Array[]): Piece[] {
  return overwrites.flatMap(({ offset, bytes }, i) => {
    const sectors = sectorsOf(offset, offset + bytes.byteLength);
    const parts = sectors.map(([start, end]) => [start - offset, end - offset] as const);
    const sums = oldChecksums(old[i]!, parts);
    return parts.map(([start, end], j) => ({
      offset: offset + start,
      bytes: bytes.subarray(start, end),
      oldChecksum: sums[j]!,
    }));
  });
}

/** How a change is made. */
export interface ChangeOptions {
  /** `undefined`: the change may be cut. */
  readonly journal: JournalKeeper | undefined;
  readonly power: boolean;
  /** Whether the value is known to be on the disk as it is. */
  readonly isSettled?: boolean;
  /** Whether the file was created for this change. */
  readonly isNew?: boolean;
}

/**
 * Applies `patch` to the value in `file`, for which no journal counts. Where a write fails, the old value is restored, as far as the disk
 * allows; else the journal stays, and the next one to lock the value decides.
 */
export function* applyPatch(file: DiskFile, names: ValueNames, patch: Patch, options: ChangeOptions): Steps<void> {
  const { journal, power, isSettled = false, isNew = false } = options;
  const change = changeOf(names.key, patch, yield* settled(file.byteLength()));
  const { oldLength, newLength, overwrites, tail } = change;
  if (overwrites.length === 0 && newLength === oldLength) return;
  if (journal === undefined) {
    yield* write(file, change, power);
    return;
  }
  const old = yield* readOld(file, overwrites);
  const id = crypto.getRandomValues(new Uint8Array(16));
  const tailChecksum = tail === undefined ? 0 : crc32cOf(tail);
  const pieces = piecesOf(overwrites, old);
  const bytes = encodeJournal({ id, power, isNew, oldLength, newLength, guard: patch.guard, tailChecksum, pieces });
  if (power && !isSettled) yield* settled(file.sync());
  try {
    // Where this fails, the journal may count already.
    yield* journal.commit(bytes, power);
    yield* write(file, change, power);
  } catch (error) {
    try {
      if (yield* undo(file, change, old, power)) yield* journal.retire(power);
    } catch {
      // The write's own error says more. The journal stays, and whoever locks the value next decides.
    }
    throw error;
  }
  yield* journal.retire(power);
}

function* write(file: DiskFile, { oldLength, newLength, overwrites, tail }: Change, power: boolean): Steps<void> {
  if (tail !== undefined) yield* settled(file.write(oldLength, tail));
  // The pieces say that the tail is complete.
  if (tail !== undefined && overwrites.length > 0 && power) yield* settled(file.sync());
  for (const { offset, bytes } of overwrites) yield* settled(file.write(offset, bytes));
  // The shorter length says that the pieces are complete.
  if (newLength < oldLength && overwrites.length > 0 && power) yield* settled(file.sync());
  if (newLength < oldLength) yield* settled(file.truncate(newLength));
  if (power) yield* settled(file.sync());
}

/** Restores the old value. False if what was cut off is gone: then the change can only be finished. */
function* undo(
  file: DiskFile,
  { oldLength, overwrites }: Change,
  old: readonly Uint8Array[],
  power: boolean,
): Steps<boolean> {
  if ((yield* settled(file.byteLength())) < oldLength) return false;
  for (const [i, { offset }] of overwrites.entries()) yield* settled(file.write(offset, old[i]!));
  // A value without its tail says that the pieces are old.
  if (power && overwrites.length > 0) yield* settled(file.sync());
  yield* settled(file.truncate(oldLength));
  if (power) yield* settled(file.sync());
  return true;
}

/** What a value that a journal was left for should become. */
type Decision =
  | { readonly kind: "old" }
  | { readonly kind: "new" }
  | { readonly kind: "conflict"; readonly reason: string; readonly canFinish: boolean };

/** Bytes read at a time. */
const blockBytes = 2 ** 20;

function* checksumOf(file: DiskFile, start: number, end: number): Steps<number> {
  let sum = 0;
  for (let offset = start; offset < end; offset += blockBytes)
    sum = crc32cOf(yield* settled(file.read(offset, Math.min(blockBytes, end - offset))), sum);
  return sum;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

function* decide({ oldLength, newLength, guard, tailChecksum, pieces }: Journal, file: DiskFile): Steps<Decision> {
  const length = yield* settled(file.byteLength());
  const hasTail = length === newLength && (yield* checksumOf(file, oldLength, newLength)) === tailChecksum;
  const conflict = (reason: string): Decision => ({
    kind: "conflict",
    reason,
    canFinish: length >= Math.min(oldLength, newLength) && (newLength <= oldLength || hasTail),
  });
  if (length < Math.min(oldLength, newLength) || length > Math.max(oldLength, newLength)) {
    return conflict(`the value has ${length} bytes, neither the ${oldLength} of before nor the ${newLength} of after`);
  }
  if (guard !== undefined) {
    const { offset } = guard;
    const found = yield* checksumOf(file, offset, Math.min(length, offset + guard.length));
    if (found !== guard.checksum) return conflict(`the value's index, at ${offset}, is not the one that was patched`);
  }
  // How the pieces lie that are not both: the old bytes and the new ones may be equal.
  let firstOld = Infinity;
  let lastNew = -1;
  let strange = -1;
  for (const [i, { offset, bytes, oldChecksum }] of pieces.entries()) {
    const found = yield* settled(file.read(offset, bytes.byteLength));
    const isOld = found.byteLength === bytes.byteLength && crc32cOf(reversed(found)) === oldChecksum;
    const isNew = isEqual(found, bytes);
    if (isOld && isNew) continue;
    if (isOld) firstOld = Math.min(firstOld, i);
    else if (isNew) lastNew = i;
    else if (strange === -1) strange = i;
    else return conflict(`the value was changed by another program at ${pieces[strange]!.offset} and ${offset}`);
  }
  // A write that was cut leaves one piece that is neither: all before it is new, all after it old.
  if (strange !== -1 && (firstOld < strange || lastNew > strange))
    return conflict(`the value was changed by another program at ${pieces[strange]!.offset}`);
  if (newLength > oldLength && !hasTail) {
    if (lastNew === -1 && strange === -1) return { kind: "old" };
    return conflict(`the value was cut beyond ${oldLength}, which it had when it was overwritten below`);
  }
  if (newLength < oldLength && length === newLength && (firstOld < Infinity || strange !== -1))
    return conflict(`the value was cut to ${length} bytes by another program`);
  return { kind: "new" };
}

function* readJournal(keeper: JournalKeeper): Steps<FoundJournal | undefined> {
  const bytes = yield* keeper.read();
  return bytes && decodeJournal(bytes);
}

function journalConflict(names: ValueNames, reason: string): RuntimeError {
  const { key, value, journal, remedy = defaultRemedy } = names;
  return new RuntimeError(
    "JOURNAL_CONFLICT",
    `${journal} holds a change of ${value} that can be neither finished nor undone: ${reason}. Nothing was touched. ${remedy}`,
    { key },
  );
}

/** What {@link recover} found, and did; "dropped": a conflict, of which the value was kept as it is. */
export type Recovery = "nothing to do" | "was done" | "undone" | "finished" | "dropped";

/**
 * Decides a change that was cut short. A second call finds nothing to do.
 *
 * @param open Gives the value's file, which stays the caller's.
 * @param remove Removes the value, where the change was to create it.
 * @throws RuntimeError `JOURNAL_CONFLICT` if the value is not what the change can have left, unless `keep` says what to do then.
 */
export function* recover(
  open: () => Settling<DiskFile | undefined>,
  remove: () => Steps<void>,
  keeper: JournalKeeper,
  names: ValueNames,
  { power: wantsPower, keep }: { readonly power: boolean; readonly keep?: Keep | undefined },
): Steps<Recovery> {
  const found = yield* readJournal(keeper);
  if (found === undefined) return "nothing to do";
  if (found.kind === "damaged") {
    if (keep !== "file") throw journalConflict(names, found.reason);
    yield* keeper.retire(wantsPower);
    return "dropped";
  }
  const { journal } = found;
  const power = wantsPower || journal.power;
  if (power) yield* keeper.secure();
  if (found.kind === "retired") {
    yield* keeper.retire(power);
    return "was done";
  }
  const file = yield* settled(open());
  if (file === undefined) {
    if (!journal.isNew && keep !== "file")
      throw journalConflict(names, "the value is missing, and the journal has only a part of it");
    yield* keeper.retire(power);
    return journal.isNew ? "undone" : "dropped";
  }
  try {
    const decision = yield* decide(journal, file);
    if (decision.kind === "conflict" && keep === "file") {
      yield* keeper.retire(power);
      return "dropped";
    }
    if (decision.kind === "conflict" && (keep === undefined || !decision.canFinish))
      throw journalConflict(names, decision.reason);
    if (decision.kind === "old") {
      if (journal.isNew) yield* remove();
      else yield* settled(file.truncate(journal.oldLength));
    } else yield* finish(journal, file, power);
    if (power && !(decision.kind === "old" && journal.isNew)) yield* settled(file.sync());
    yield* keeper.retire(power);
    return decision.kind === "old" ? "undone" : "finished";
  } finally {
    yield* settled(file.close());
  }
}

function* finish({ newLength, pieces }: Journal, file: DiskFile, power: boolean): Steps<void> {
  // As in the change itself: the pieces say that the tail is complete.
  if (power) yield* settled(file.sync());
  for (const { offset, bytes } of pieces) yield* settled(file.write(offset, bytes));
  if ((yield* settled(file.byteLength())) === newLength) return;
  if (power) yield* settled(file.sync());
  yield* settled(file.truncate(newLength));
}

/** A value as recovery would leave it, without changing anything. */
export interface Foreseen {
  readonly byteLength: number;
  /** What lies over the bytes of the file. */
  readonly pieces: readonly Piece[];
  /** The journal's id: while it is there, this is what the value is. */
  readonly id: Uint8Array;
}

/**
 * What {@link recover} would make of the value in `file`, for those who may not write. `undefined` if there is no journal.
 *
 * @throws RuntimeError `JOURNAL_CONFLICT` as {@link recover}.
 */
export function* foresee(file: DiskFile, keeper: JournalKeeper, names: ValueNames): Steps<Foreseen | undefined> {
  const found = yield* readJournal(keeper);
  if (found === undefined) return undefined;
  if (found.kind === "damaged") throw journalConflict(names, found.reason);
  const { journal } = found;
  const { id, oldLength, newLength, pieces } = journal;
  if (found.kind === "retired") return { byteLength: yield* settled(file.byteLength()), pieces: [], id };
  const decision = yield* decide(journal, file);
  if (decision.kind === "conflict") throw journalConflict(names, decision.reason);
  return decision.kind === "old" ? { byteLength: oldLength, pieces: [], id } : { byteLength: newLength, pieces, id };
}

/** Lays the pieces over `bytes`, which were read from `offset`. */
export function layOver(bytes: Uint8Array, offset: number, pieces: readonly Piece[]): void {
  const end = offset + bytes.byteLength;
  for (const piece of pieces) {
    const from = Math.max(offset, piece.offset);
    const to = Math.min(end, piece.offset + piece.bytes.byteLength);
    if (from < to) bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
  }
}
