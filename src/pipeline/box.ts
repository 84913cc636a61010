/**
 * Boxes: n-dimensional strided copies between an array in the JavaScript heap and a chunk, wherever the chunk lies.
 *
 * A {@link Box} holds what is the same for every chunk of one shape, so that it is prepared once and only two offsets differ per chunk.
 * "outer" is the caller's array, "chunk" the decoded chunk. All strides and offsets in bytes; elements of variable size count as one byte each.
 */

import type { Elements } from "../metadata/data_type.js";

/** One axis of a copy: regular strides, or elements picked one by one, each with its offset on both sides. */
export type AxisCopy = StridedAxis | PickedAxis;

export interface StridedAxis {
  readonly count: number;
  readonly outerStride: number;
  readonly chunkStride: number;
}

export interface PickedAxis {
  readonly count: number;
  /** Picks without the repeated ones. */
  readonly distinct: number;
  readonly outerOffsets: Float64Array;
  readonly chunkOffsets: Float64Array;
}

export interface Box {
  readonly itemSize: number;
  /** Different elements of the chunk in the box. */
  readonly distinct: number;
  /** Whether there is nothing to copy. */
  readonly isEmpty: boolean;
  /** Picked axes, slowest first; the strided ones are repeated for every combination of them. */
  readonly picked: readonly PickedAxis[];
  /** Strided axes after merging neighbours, slowest first; the last one is the run. */
  readonly shape: readonly number[];
  readonly outerStrides: readonly number[];
  readonly chunkStrides: readonly number[];
  /** Bytes of the innermost run if it is contiguous on both sides, else 0. */
  readonly runBytes: number;
}

/** Prepares a copy of `axes`. Axes of length 1 vanish; axes that follow one another in memory on both sides become one. */
export function prepareBox(axes: readonly AxisCopy[], itemSize: number): Box {
  const shape: number[] = [];
  const outer: number[] = [];
  const chunk: number[] = [];
  const picked: PickedAxis[] = [];
  let distinct = 1;
  for (const axis of axes) {
    if ("distinct" in axis) {
      distinct *= axis.distinct;
      picked.push(axis);
      continue;
    }
    const { count, outerStride, chunkStride } = axis;
    distinct *= count;
    if (count === 1) continue;
    const last = shape.length - 1;
    if (last >= 0 && outer[last] === outerStride * count && chunk[last] === chunkStride * count) {
      shape[last]! *= count;
      outer[last] = outerStride;
      chunk[last] = chunkStride;
    } else {
      shape.push(count);
      outer.push(outerStride);
      chunk.push(chunkStride);
    }
  }
  const last = shape.length - 1;
  const contiguous = last < 0 || (outer[last] === itemSize && chunk[last] === itemSize);
  const runBytes = contiguous ? (last < 0 ? itemSize : shape[last]! * itemSize) : 0;
  const isEmpty = axes.some(({ count }) => count === 0);
  return { itemSize, distinct, isEmpty, picked, shape, outerStrides: outer, chunkStrides: chunk, runBytes };
}

/** The box of all of a chunk, or of a part of it that starts at its first element, without picks. */
export function stridedBox(
  shape: readonly number[],
  outerStrides: readonly number[],
  chunkStrides: readonly number[],
  itemSize: number,
): Box {
  const axes = shape.map((count, axis) => ({
    count,
    outerStride: outerStrides[axis]!,
    chunkStride: chunkStrides[axis]!,
  }));
  return prepareBox(axes, itemSize);
}

/** Whether the box is one run of `byteLength` bytes, so that one `set` copies it. */
export function isOneRun(box: Box, byteLength: number): boolean {
  return box.shape.length <= 1 && box.runBytes === byteLength && box.picked.length === 0;
}

type Units = Uint8Array | Uint16Array | Uint32Array;

/** A view of `bytes` in units of `size` bytes. Wider items move as several units: a float64 view could change the bits of a NaN. */
function unitsOf(bytes: Uint8Array, size: 1 | 2 | 4): Units {
  const { buffer, byteOffset, byteLength } = bytes;
  if (size === 1) return bytes;
  const length = Math.floor(byteLength / size);
  return size === 2 ? new Uint16Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length);
}

/** Copies from the chunk to the outer array. */
export function scatterBox(box: Box, outer: Elements, outerOffset: number, chunk: Elements, chunkOffset: number): void {
  const { outerStrides, chunkStrides } = box;
  forEachPick(box, outerOffset, chunkOffset, (o, c) => copyBox(box, outer, o, outerStrides, chunk, c, chunkStrides));
}

/** Copies from the outer array to the chunk. Where picks are repeated, the last one stays. */
export function gatherBox(box: Box, chunk: Elements, chunkOffset: number, outer: Elements, outerOffset: number): void {
  const { outerStrides, chunkStrides } = box;
  forEachPick(box, outerOffset, chunkOffset, (o, c) => copyBox(box, chunk, c, chunkStrides, outer, o, outerStrides));
}

/** Calls `copy` with the offsets of every combination of picks, in order; just once if there are none. */
function forEachPick(
  { isEmpty, picked }: Box,
  outer: number,
  chunk: number,
  copy: (outer: number, chunk: number) => void,
): void {
  if (isEmpty) return;
  if (picked.length === 0) copy(outer, chunk);
  else walk(0, outer, chunk);
  function walk(axis: number, outer: number, chunk: number): void {
    const picks = picked[axis];
    if (picks === undefined) {
      copy(outer, chunk);
      return;
    }
    for (let i = 0; i < picks.count; i++)
      walk(axis + 1, outer + picks.outerOffsets[i]!, chunk + picks.chunkOffsets[i]!);
  }
}

/** A run shorter than this is copied element by element: `set(subarray)` costs 50 ns whatever the length. */
const shortRun = 48;

function copyBox(
  box: Box,
  dst: Elements,
  dstOffset: number,
  dstStrides: readonly number[],
  src: Elements,
  srcOffset: number,
  srcStrides: readonly number[],
): void {
  const { shape, runBytes, itemSize } = box;
  const last = shape.length - 1;
  if (Array.isArray(dst) || Array.isArray(src)) {
    copyEntries(shape, dst, dstOffset, dstStrides, src, srcOffset, srcStrides);
    return;
  }
  if (last <= 0 && runBytes > 0) {
    copyRun(dst, dstOffset, src, srcOffset, runBytes);
    return;
  }
  const runs = runBytes >= shortRun;
  // The widest unit that divides the item size, both bases and every stride.
  const unit = runs
    ? 1
    : commonUnit(itemSize, dstOffset, srcOffset, dstStrides, srcStrides, dst.byteOffset, src.byteOffset);
  const dstUnits = unitsOf(dst, unit);
  const srcUnits = unitsOf(src, unit);
  const perItem = itemSize / unit;
  const runLength = shape[last]!;
  const dstStep = dstStrides[last]! / unit;
  const srcStep = srcStrides[last]! / unit;
  const position = new Array<number>(last).fill(0);
  let d = dstOffset;
  let s = srcOffset;
  for (;;) {
    if (runs) dst.set(src.subarray(s, s + runBytes), d);
    else copyUnits(dstUnits, d / unit, dstStep, srcUnits, s / unit, srcStep, runLength, perItem);
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      d += dstStrides[axis]!;
      s += srcStrides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      d -= dstStrides[axis]! * shape[axis]!;
      s -= srcStrides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function copyRun(dst: Uint8Array, dstOffset: number, src: Uint8Array, srcOffset: number, byteLength: number): void {
  if (srcOffset === 0 && byteLength === src.byteLength) dst.set(src, dstOffset);
  else dst.set(src.subarray(srcOffset, srcOffset + byteLength), dstOffset);
}

/** Elements of variable size, one by one. */
function copyEntries(
  shape: readonly number[],
  dst: Elements,
  dstOffset: number,
  dstStrides: readonly number[],
  src: Elements,
  srcOffset: number,
  srcStrides: readonly number[],
): void {
  if (!Array.isArray(dst) || !Array.isArray(src))
    throw new TypeError("bytes and values cannot be copied to each other");
  const walk = (axis: number, d: number, s: number): void => {
    const count = shape[axis];
    if (count === undefined) dst[d] = src[s];
    else for (let i = 0; i < count; i++) walk(axis + 1, d + i * dstStrides[axis]!, s + i * srcStrides[axis]!);
  };
  walk(0, dstOffset, srcOffset);
}

function copyUnits(
  dst: Units,
  d: number,
  dstStep: number,
  src: Units,
  s: number,
  srcStep: number,
  count: number,
  perItem: number,
): void {
  if (perItem === 1) {
    for (let i = 0; i < count; i++, d += dstStep, s += srcStep) dst[d] = src[s]!;
    return;
  }
  for (let i = 0; i < count; i++, d += dstStep, s += srcStep) {
    for (let part = 0; part < perItem; part++) dst[d + part] = src[s + part]!;
  }
}

function commonUnit(
  itemSize: number,
  dstOffset: number,
  srcOffset: number,
  dstStrides: readonly number[],
  srcStrides: readonly number[],
  dstBase: number,
  srcBase: number,
): 1 | 2 | 4 {
  let bits = itemSize | dstOffset | srcOffset | dstBase | srcBase;
  for (const stride of dstStrides) bits |= stride;
  for (const stride of srcStrides) bits |= stride;
  return (bits & 3) === 0 ? 4 : (bits & 1) === 0 ? 2 : 1;
}

/** Sets every element of the box in the outer array to the element `value`. */
export function fillBox(box: Box, outer: Elements, outerOffset: number, value: Elements): void {
  forEachPick(box, outerOffset, 0, (offset) => fillStrided(box, outer, offset, value));
}

function fillStrided(box: Box, outer: Elements, outerOffset: number, value: Elements): void {
  const { shape, outerStrides, itemSize } = box;
  const zeros = new Array<number>(shape.length).fill(0);
  const last = shape.length - 1;
  if (Array.isArray(outer) || Array.isArray(value) || (last >= 0 && outerStrides[last] !== itemSize)) {
    copyBox({ ...box, runBytes: 0 }, outer, outerOffset, outerStrides, value, 0, zeros);
    return;
  }
  // Fill one run, then let the remaining axes repeat it.
  const runBytes = last < 0 ? itemSize : shape[last]! * itemSize;
  fillBytes(outer.subarray(outerOffset, outerOffset + runBytes), value);
  if (last <= 0) return;
  const run = outer.slice(outerOffset, outerOffset + runBytes);
  copyBox({ ...box, runBytes }, outer, outerOffset, outerStrides, run, 0, zeros);
}

/** Fills `elements` with the element `value`. */
export function fillElements(elements: Elements, value: Elements): void {
  if (Array.isArray(elements)) elements.fill(value[0]);
  else if (!Array.isArray(value)) fillBytes(elements, value);
}

/** Fills `bytes` with repetitions of `value`; its length is a multiple of the value's. */
function fillBytes(bytes: Uint8Array, value: Uint8Array): void {
  const [first] = value;
  if (first !== undefined && value.every((byte) => byte === first)) {
    bytes.fill(first);
    return;
  }
  bytes.set(value);
  for (let filled = value.byteLength; filled < bytes.byteLength; filled *= 2) {
    bytes.copyWithin(filled, 0, Math.min(filled, bytes.byteLength - filled));
  }
}
