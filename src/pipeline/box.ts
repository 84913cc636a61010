/**
 * Boxes: n-dimensional strided copies between an array in the JavaScript heap and a chunk, wherever the chunk lies.
 *
 * A {@link Box} holds what is the same for every chunk of one shape, so that it is prepared once and only two offsets differ per chunk.
 * "outer" is the caller's array, "chunk" the decoded chunk. All strides and offsets in bytes.
 */

export interface Box {
  readonly itemSize: number;
  /** Elements in the box. */
  readonly count: number;
  /** Axes after merging neighbours, slowest first; the last one is the run. */
  readonly shape: readonly number[];
  readonly outerStrides: readonly number[];
  readonly chunkStrides: readonly number[];
  /** Bytes of the innermost run if it is contiguous on both sides, else 0. */
  readonly runBytes: number;
}

/** Prepares a copy of `shape` elements. Axes of length 1 vanish; axes that follow one another in memory on both sides become one. */
export function prepareBox(
  shape: readonly number[],
  outerStrides: readonly number[],
  chunkStrides: readonly number[],
  itemSize: number,
): Box {
  const mergedShape: number[] = [];
  const outer: number[] = [];
  const chunk: number[] = [];
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    count *= length;
    if (length === 1) continue;
    const last = mergedShape.length - 1;
    if (last >= 0 && outer[last] === outerStrides[axis]! * length && chunk[last] === chunkStrides[axis]! * length) {
      mergedShape[last]! *= length;
      outer[last] = outerStrides[axis]!;
      chunk[last] = chunkStrides[axis]!;
    } else {
      mergedShape.push(length);
      outer.push(outerStrides[axis]!);
      chunk.push(chunkStrides[axis]!);
    }
  }
  const last = mergedShape.length - 1;
  const contiguous = last < 0 || (outer[last] === itemSize && chunk[last] === itemSize);
  const runBytes = contiguous ? (last < 0 ? itemSize : mergedShape[last]! * itemSize) : 0;
  return { itemSize, count, shape: mergedShape, outerStrides: outer, chunkStrides: chunk, runBytes };
}

/** Whether the box is one run of `byteLength` bytes, so that one `set` copies it. */
export function isOneRun(box: Box, byteLength: number): boolean {
  return box.shape.length <= 1 && box.runBytes === byteLength;
}

type Elements = Uint8Array | Uint16Array | Uint32Array;

/** A view of `bytes` in units of `size` bytes. Wider items move as several units: a float64 view could change the bits of a NaN. */
function elementsOf(bytes: Uint8Array, size: 1 | 2 | 4): Elements {
  const { buffer, byteOffset, byteLength } = bytes;
  if (size === 1) return bytes;
  const length = Math.floor(byteLength / size);
  return size === 2 ? new Uint16Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length);
}

/** Copies from the chunk to the outer array. */
export function scatterBox(
  box: Box,
  outer: Uint8Array,
  outerOffset: number,
  chunk: Uint8Array,
  chunkOffset: number,
): void {
  copyBox(box, outer, outerOffset, box.outerStrides, chunk, chunkOffset, box.chunkStrides);
}

/** Copies from the outer array to the chunk. */
export function gatherBox(
  box: Box,
  chunk: Uint8Array,
  chunkOffset: number,
  outer: Uint8Array,
  outerOffset: number,
): void {
  copyBox(box, chunk, chunkOffset, box.chunkStrides, outer, outerOffset, box.outerStrides);
}

/** A run shorter than this is copied element by element: `set(subarray)` costs 50 ns whatever the length. */
const shortRun = 48;

function copyBox(
  box: Box,
  dst: Uint8Array,
  dstOffset: number,
  dstStrides: readonly number[],
  src: Uint8Array,
  srcOffset: number,
  srcStrides: readonly number[],
): void {
  if (box.count === 0) return;
  const { shape, runBytes, itemSize } = box;
  const last = shape.length - 1;
  if (last <= 0 && runBytes > 0) {
    copyRun(dst, dstOffset, src, srcOffset, runBytes);
    return;
  }
  const runs = runBytes >= shortRun;
  // The widest unit that divides the item size, both bases and every stride.
  const unit = runs
    ? 1
    : commonUnit(itemSize, dstOffset, srcOffset, dstStrides, srcStrides, dst.byteOffset, src.byteOffset);
  const dstElements = elementsOf(dst, unit);
  const srcElements = elementsOf(src, unit);
  const perItem = itemSize / unit;
  const runLength = shape[last]!;
  const dstStep = dstStrides[last]! / unit;
  const srcStep = srcStrides[last]! / unit;
  const position = new Array<number>(last).fill(0);
  let d = dstOffset;
  let s = srcOffset;
  for (;;) {
    if (runs) dst.set(src.subarray(s, s + runBytes), d);
    else copyElements(dstElements, d / unit, dstStep, srcElements, s / unit, srcStep, runLength, perItem);
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

function copyElements(
  dst: Elements,
  d: number,
  dstStep: number,
  src: Elements,
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
export function fillBox(box: Box, outer: Uint8Array, outerOffset: number, value: Uint8Array): void {
  const zeros = new Array<number>(box.shape.length).fill(0);
  const { shape, outerStrides, itemSize, count } = box;
  const last = shape.length - 1;
  const contiguous = last < 0 || outerStrides[last] === itemSize;
  if (count === 0) return;
  if (!contiguous) {
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

/** Fills `bytes` with repetitions of `value`; its length is a multiple of the value's. */
export function fillBytes(bytes: Uint8Array, value: Uint8Array): void {
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
