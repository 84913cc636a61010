/** The obvious version of assembly/shard.ts: one cell at a time. */

import type { DenseShard } from "../../src/wasm/shard_layout.js";
import { crc32c } from "./crc32c.js";

/** Where an inner chunk lies, in bytes from the shard's start; undefined if it is missing. */
export type Entry = { readonly offset: number; readonly length: number } | undefined;

/** Along one axis, elements of the shard: start, start + step, ... */
export interface RegionAxis {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

interface Cell {
  /** Coordinates in the shard. */
  readonly position: readonly number[];
  readonly isInside: boolean;
  /** Bytes from the first byte of the outer array. */
  readonly outerOffset: number;
  /** Bytes from the slot's first byte. */
  readonly slotOffset: number;
}

const product = (numbers: readonly number[]): number => numbers.reduce((total, number) => total * number, 1);
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Coordinates of every cell of `shape`, in C order. */
export function coordinatesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, size) => prefixes.flatMap((prefix) => Array.from({ length: size }, (_, i) => [...prefix, i])),
    [[]],
  );
}

/** The cells of the inner chunk with C-order number `chunk`. */
export function cellsOf(shard: DenseShard, chunk: number): Cell[] {
  const place = coordinatesOf(shard.grid)[chunk]!;
  return coordinatesOf(shard.inner).map((cell) => {
    const position = cell.map((c, axis) => place[axis]! * shard.inner[axis]! + c);
    return {
      position,
      isInside: position.every((c, axis) => c < shard.extent[axis]!),
      outerOffset: dot(position, shard.outerStrides),
      slotOffset: dot(cell, shard.slotStrides),
    };
  });
}

/** An element with the bytes of each of its units of `swapSize` reversed. */
function swapped(element: Uint8Array, swapSize: number): Uint8Array {
  return element.map((_, i) => element[i - (i % swapSize) + swapSize - 1 - (i % swapSize)]!);
}

export function payloadLength(shard: DenseShard): number {
  return product(shard.inner) * shard.itemSize;
}

/** A payload and, if the shard's slots have one, its checksum. */
export function sealSlot(shard: DenseShard, payload: Uint8Array): Uint8Array {
  if (!shard.checksum) return payload;
  const slot = new Uint8Array(payload.length + 4);
  slot.set(payload);
  new DataView(slot.buffer).setUint32(payload.length, crc32c(payload), true);
  return slot;
}

/** The entry, if a slot can lie there and its checksum is right. */
function usable(
  shard: DenseShard,
  src: Uint8Array,
  entry: Entry,
  region: { readonly offset: number; readonly length: number },
): Entry {
  const length = payloadLength(shard) + (shard.checksum ? 4 : 0);
  if (entry?.length !== length || entry.offset + length > src.length) return undefined;
  const { offset } = entry;
  if (region.length > 0 && offset < region.offset + region.length && offset + length > region.offset) return undefined;
  const sealed = sealSlot(shard, src.slice(offset, offset + payloadLength(shard)));
  return Buffer.compare(sealed, src.subarray(offset, offset + length)) === 0 ? entry : undefined;
}

/**
 * Decodes the rows `firstRow` to before `firstRow + rowCount` of inner chunks into `dst`.
 * Returns the number of inner chunks decoded, or -(1 + number of the first that cannot be).
 */
export function decodeShard(
  shard: DenseShard,
  dst: Uint8Array,
  src: Uint8Array,
  index: readonly Entry[],
  region: { readonly offset: number; readonly length: number },
  firstRow: number,
  rowCount: number,
): number {
  const base = firstRow * (shard.inner[0] ?? 0) * (shard.outerStrides[0] ?? 0);
  let decoded = 0;
  for (const [chunk, place] of coordinatesOf(shard.grid).entries()) {
    if (place.length > 0 && (place[0]! < firstRow || place[0]! >= firstRow + rowCount)) continue;
    const cells = cellsOf(shard, chunk).filter(({ isInside }) => isInside);
    if (cells.length === 0) continue;
    const entry = usable(shard, src, index[chunk], region);
    if (entry === undefined) return -(1 + chunk);
    for (const { outerOffset, slotOffset } of cells) {
      const from = entry.offset + slotOffset;
      dst.set(swapped(src.subarray(from, from + shard.itemSize), shard.swapSize), outerOffset - base);
    }
    decoded++;
  }
  return decoded;
}

/** The slot of one inner chunk of the outer array `src`, or undefined if it is missing. */
export function encodeSlot(
  shard: DenseShard,
  chunk: number,
  src: Uint8Array,
  fill: Uint8Array,
  skipEmpty: boolean,
): Uint8Array | undefined {
  const cells = cellsOf(shard, chunk);
  const inside = cells.filter(({ isInside }) => isInside);
  const element = (offset: number) => src.subarray(offset, offset + shard.itemSize);
  const isEmpty = inside.every(({ outerOffset }) => Buffer.compare(element(outerOffset), fill) === 0);
  if (inside.length === 0 || (skipEmpty && isEmpty)) return undefined;
  const payload = new Uint8Array(payloadLength(shard));
  for (const { isInside, outerOffset, slotOffset } of cells) {
    payload.set(swapped(isInside ? element(outerOffset) : fill, shard.swapSize), slotOffset);
  }
  return sealSlot(shard, payload);
}

/** The slots of every inner chunk, packed from `base` on in the order of `order`, and their index. */
export function encodeShard(
  shard: DenseShard,
  base: number,
  src: Uint8Array,
  order: readonly number[],
  fill: Uint8Array,
  skipEmpty: boolean,
): { readonly bytes: Uint8Array; readonly index: Entry[]; readonly end: number } {
  const index: Entry[] = order.map(() => undefined);
  const slots: Uint8Array[] = [];
  let end = base;
  for (const chunk of order) {
    const slot = encodeSlot(shard, chunk, src, fill, skipEmpty);
    if (slot === undefined) continue;
    slots.push(slot);
    index[chunk] = { offset: end, length: slot.length };
    end += slot.length;
  }
  return { bytes: new Uint8Array(Buffer.concat(slots)), index, end };
}

/** Writes the region's elements (`src`, packed) into one slot. Returns the number of elements written. */
export function patchSlot(
  shard: DenseShard,
  slot: Uint8Array,
  chunk: number,
  partial: boolean,
  src: Uint8Array,
  region: readonly RegionAxis[],
  fill: Uint8Array,
): number {
  const payload = slot.slice(0, payloadLength(shard));
  let written = 0;
  for (const { position, isInside, slotOffset } of cellsOf(shard, chunk)) {
    const steps = position.map((c, axis) => (c - region[axis]!.start) / region[axis]!.step);
    if (steps.every((step, axis) => Number.isInteger(step) && step >= 0 && step < region[axis]!.count)) {
      const from = steps.reduce((number, step, axis) => number * region[axis]!.count + step, 0) * shard.itemSize;
      payload.set(swapped(src.subarray(from, from + shard.itemSize), shard.swapSize), slotOffset);
      written++;
    } else if (!partial && !isInside) {
      payload.set(swapped(fill, shard.swapSize), slotOffset);
    }
  }
  slot.set(sealSlot(shard, payload));
  return written;
}
