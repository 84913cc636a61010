/**
 * The redo journal of one patch: what it is about to change in a stored value, and how to tell whether it has.
 *
 * ```
 *  0  magic "SYNCJNL1"                      48  guarded range: offset, length (u64), CRC-32C, 4 bytes of zeros
 *  8  state, power, new (one byte each),    72  CRC-32C of the tail, number of pieces (u32)
 *     a byte of zeros                       80  pieces: offset (u64), length, CRC-32C of the old bytes, reversed (u32)
 * 12  CRC-32C of all but it and the state       then the new bytes of all pieces
 * 16  random id (16 bytes)
 * 32  old and new length of the value (u64)  little-endian
 * ```
 *
 * The *pieces* lie below the old length and are cut at multiples of 512 bytes, the unit that a disk writes whole: after a loss of power each
 * is old or new. The *tail* is what the value has beyond its old length afterwards; it is written first, so that the journal need not
 * hold it. The *guarded range* is one that the patch relies upon and leaves as it is.
 */

import { crc32cOf } from "../wasm/checksum.js";

/** Disks write so many bytes whole, or not at all. */
export const sectorBytes = 512;

/** A part of the old value that changes. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /**
   * CRC-32C of the old bytes in reverse order. Inner chunks end with their own CRC-32C, and that of both together is the same for all inner
   * chunks: read forwards, a piece that holds them whole would look old whatever another program has written there.
   */
  readonly oldChecksum: number;
}

/** A part of the old value that must be what it was for the patch to make sense. */
export interface Guard {
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

export interface Journal {
  /** 16 random bytes. */
  readonly id: Uint8Array;
  /** Whether the patch is to survive a loss of power. */
  readonly power: boolean;
  /** Whether the value did not exist; its old length is then 0, and where it is there all the same, it is removed to restore it. */
  readonly isNew: boolean;
  readonly oldLength: number;
  readonly newLength: number;
  readonly guard: Guard | undefined;
  /** CRC-32C of the bytes from the old length to the new one. */
  readonly tailChecksum: number;
  /** In the order in which they are written. */
  readonly pieces: readonly Piece[];
}

const magic = new TextEncoder().encode("SYNCJNL1");
/** Offset of the byte that says whether the journal is still needed. */
export const stateOffset = 8;
/** Far apart: no flipped bit makes one of the other. Zero is also what lies where a disk has got a file's length and not yet its bytes. */
const state = { writing: 0, live: 0x4c, retired: 0xb3 };
/** The body is being written: see {@link journalInPlace}. */
export const writingState: Uint8Array = Uint8Array.of(state.writing);
export const liveState: Uint8Array = Uint8Array.of(state.live);
export const retiredState: Uint8Array = Uint8Array.of(state.retired);
const checksumOffset = 12;
const headerBytes = 80;
const pieceHeaderBytes = 16;

/** The checksum of a journal: of all but itself and the state. */
function ownChecksum(bytes: Uint8Array): number {
  const first = crc32cOf(bytes.subarray(0, stateOffset));
  const second = crc32cOf(bytes.subarray(stateOffset + 1, checksumOffset), first);
  return crc32cOf(bytes.subarray(checksumOffset + 4), second);
}

export function encodeJournal({
  id,
  power,
  isNew,
  oldLength,
  newLength,
  guard,
  tailChecksum,
  pieces,
}: Journal): Uint8Array {
  let byteLength = headerBytes + pieceHeaderBytes * pieces.length;
  for (const piece of pieces) byteLength += piece.bytes.byteLength;
  const bytes = new Uint8Array(byteLength);
  const view = new DataView(bytes.buffer);
  const setLength = (offset: number, value: number): void => view.setBigUint64(offset, BigInt(value), true);
  bytes.set(magic);
  bytes[stateOffset] = state.live;
  bytes[stateOffset + 1] = power ? 1 : 0;
  bytes[stateOffset + 2] = isNew ? 1 : 0;
  bytes.set(id, 16);
  setLength(32, oldLength);
  setLength(40, newLength);
  setLength(48, guard?.offset ?? 0);
  setLength(56, guard?.length ?? 0);
  view.setUint32(64, guard?.checksum ?? 0, true);
  view.setUint32(72, tailChecksum, true);
  view.setUint32(76, pieces.length, true);
  let header = headerBytes;
  let body = headerBytes + pieceHeaderBytes * pieces.length;
  for (const piece of pieces) {
    setLength(header, piece.offset);
    view.setUint32(header + 8, piece.bytes.byteLength, true);
    view.setUint32(header + 12, piece.oldChecksum, true);
    bytes.set(piece.bytes, body);
    header += pieceHeaderBytes;
    body += piece.bytes.byteLength;
  }
  view.setUint32(checksumOffset, ownChecksum(bytes), true);
  return bytes;
}

/** What is found under a journal's name. */
export type FoundJournal =
  | { readonly kind: "live"; readonly journal: Journal }
  /** The patch is done. */
  | { readonly kind: "retired"; readonly journal: Journal }
  /** Not what this version has written. */
  | { readonly kind: "damaged"; readonly reason: string };

export function decodeJournal(bytes: Uint8Array): FoundJournal {
  const damaged = (reason: string): FoundJournal => ({ kind: "damaged", reason });
  if (bytes.byteLength < headerBytes) return damaged(`it has ${bytes.byteLength} bytes, a header alone ${headerBytes}`);
  if (magic.some((byte, i) => bytes[i] !== byte)) return damaged("it does not begin as a journal of this version does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(checksumOffset, true) !== ownChecksum(bytes)) return damaged("its checksum does not match");
  const length = (offset: number): number => Number(view.getBigUint64(offset, true));
  const count = view.getUint32(76, true);
  const pieces: Piece[] = [];
  let body = headerBytes + pieceHeaderBytes * count;
  for (let i = 0, header = headerBytes; i < count; i++, header += pieceHeaderBytes) {
    if (header + pieceHeaderBytes > bytes.byteLength) return damaged("it ends among its pieces");
    const byteLength = view.getUint32(header + 8, true);
    const part = bytes.subarray(body, body + byteLength);
    if (part.byteLength !== byteLength) return damaged("it ends among its bytes");
    pieces.push({ offset: length(header), bytes: part, oldChecksum: view.getUint32(header + 12, true) });
    body += byteLength;
  }
  const journal: Journal = {
    id: bytes.slice(16, 32),
    power: bytes[stateOffset + 1] === 1,
    isNew: bytes[stateOffset + 2] === 1,
    oldLength: length(32),
    newLength: length(40),
    guard:
      length(56) === 0 ? undefined : { offset: length(48), length: length(56), checksum: view.getUint32(64, true) },
    tailChecksum: view.getUint32(72, true),
    pieces,
  };
  switch (bytes[stateOffset]) {
    case state.live:
      return { kind: "live", journal };
    case state.retired:
      return { kind: "retired", journal };
    default:
      return damaged(`its state is ${bytes[stateOffset]}`);
  }
}

/** Bytes that a journal takes, as far as its header can be believed; what lies behind it is left of a longer one. */
function journalLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(76, true);
  let byteLength = headerBytes + pieceHeaderBytes * count;
  for (let i = 0, header = headerBytes; i < count; i++, header += pieceHeaderBytes) {
    if (header + pieceHeaderBytes > bytes.byteLength) break;
    byteLength += view.getUint32(header + 8, true);
  }
  return Math.min(byteLength, bytes.byteLength);
}

/**
 * What counts in a file that journals are written into one over the other, each with the state "writing" until all of it is there:
 *
 * | found | how it comes about | means |
 * | --- | --- | --- |
 * | no state: at most 8 bytes, of the magic or zero; or a header of zeros | the first write was cut, or only the length is on the disk | never began |
 * | state "writing", whatever follows | the body was cut; nothing of the value has been touched | never began |
 * | state "retired", whatever follows | the change is done; behind it may lie parts of the next body | done |
 * | state "live", checksum right | | counts |
 * | anything else: "live" with a wrong checksum, another state or magic | by no cut: "live" is written when all else is in the file | a conflict |
 *
 * @returns `undefined` for what never began, and for "done" if there is nothing left to know of it; else what {@link decodeJournal} takes.
 */
export function journalInPlace(bytes: Uint8Array): Uint8Array | undefined {
  const head = bytes.subarray(0, stateOffset);
  const isUnwritten = bytes.subarray(0, headerBytes).every((byte) => byte === 0);
  if (isUnwritten || (bytes.byteLength <= stateOffset && head.every((byte, i) => byte === magic[i]))) return undefined;
  const hasMagic = head.byteLength === stateOffset && head.every((byte, i) => byte === magic[i]);
  if (!hasMagic) return bytes;
  if (bytes[stateOffset] === state.writing) return undefined;
  const isRetired = bytes[stateOffset] === state.retired;
  if (bytes.byteLength < headerBytes) return isRetired ? undefined : bytes;
  const journal = bytes.subarray(0, journalLength(bytes));
  return isRetired && decodeJournal(journal).kind === "damaged" ? undefined : journal;
}

/** `[start, end)` in parts that end at multiples of {@link sectorBytes}. */
export function sectorsOf(start: number, end: number): (readonly [start: number, end: number])[] {
  const sectors: (readonly [number, number])[] = [];
  for (let from = start; from < end; ) {
    const to = Math.min(end, from - (from % sectorBytes) + sectorBytes);
    sectors.push([from, to]);
    from = to;
  }
  return sectors;
}
