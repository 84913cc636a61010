/**
 * Whole shards of inner chunks of fixed size: placed, collected or patched by one call, however small the inner chunks are.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
 *
 *     slot      | payload: one inner chunk's elements, maybe transposed, maybe swapped | crc32c: u32, if any |
 *     layout    | rank | itemSize | swapSize | checksum: 0 or 1 | slotLength | axis 0 | axis 1 | ...                        (i32 words)
 *     axis      | grid: inner chunks | inner: elements | extent: elements in the array | outer stride | slot stride |    (strides in bytes)
 *     index     | offset: u64 | length: u64 | of inner chunk 0 | offset | length | of inner chunk 1 | ...     missing: both 2^64 - 1
 *
 * The copy of an inner chunk is a box (see strided.ts) that is prepared once and then run per chunk. Chunks at the shard's ragged ends
 * have smaller boxes, one for each set of axes at whose end the chunk lies; the last few are kept.
 *
 * ns an inner chunk | 1 B of 3 axes | 8 B of 3 axes | 100 B of 1 axis | swapped | with crc32c | 64 KiB of 3 axes | with crc32c
 * decode            |             7 |            19 |               9 |      16 |          45 |    6100 (11 GB/s) |        9800
 * encode            |            14 |            26 |              13 |      19 |          51 |    8400  (8 GB/s) |       12900
 */
import { byteswap2, byteswap4, byteswap8, byteswap16 } from "./byteswap";
import { crc32c } from "./crc32c";
import { fill, isFilled } from "./fill";
import { missing, toLimit } from "./shard_index";
import { addAxis, boxLength, copyBox, copyRun, finishBox, rankLimit, wholeRun } from "./strided";

/** The arguments contradict each other. */
const unusable: i32 = i32.MIN_VALUE;

/** What `readLayout` found. Lengths in bytes. */
let rank: u32 = 0;
let itemSize: usize = 0;
let swapSize: i32 = 0;
let checksum: bool = false;
let slotLength: usize = 0;
let payloadLength: usize = 0;
let chunkCount: u32 = 0;
/** Inner chunks that have elements in the array. */
let insideCount: u32 = 0;

const axisLength: usize = 40;
/**
 * Per axis, u32 each: the five words of the layout, then
 * inner chunks with elements in the array, elements of the last of these, its bit in the mask of ragged ends (0 if it is whole),
 * distance of inner chunks in the index, coordinate.
 */
const axes: usize = memory.data(32 * 40, 16);
/** Axis of a shard of rank 0. */
const scalarAxis: usize = memory.data<u32>([1, 1, 1, 0, 0]);

const keptBoxes: usize = 4;
/** Boxes by the low bits of their mask. */
const boxes: usize = memory.data(4 * (32 + 32 * 16), 16);
/** Mask + 1 of each kept box (u64), 0 where there is none. */
const boxMasks: usize = memory.data(4 * 8, 8);
/** The part of an inner chunk that a patch overwrites. */
const patchBox: usize = memory.data(32 + 32 * 16, 16);

@inline
function gridOf(axis: usize): u32 {
  return load<u32>(axis);
}

@inline
function innerOf(axis: usize): u32 {
  return load<u32>(axis, 4);
}

@inline
function extentOf(axis: usize): u32 {
  return load<u32>(axis, 8);
}

@inline
function outerStrideOf(axis: usize): u32 {
  return load<u32>(axis, 12);
}

@inline
function slotStrideOf(axis: usize): u32 {
  return load<u32>(axis, 16);
}

@inline
function chunksOf(axis: usize): u32 {
  return load<u32>(axis, 20);
}

@inline
function tailOf(axis: usize): u32 {
  return load<u32>(axis, 24);
}

@inline
function raggedBitOf(axis: usize): u32 {
  return load<u32>(axis, 28);
}

@inline
function indexStrideOf(axis: usize): u32 {
  return load<u32>(axis, 32);
}

@inline
function axisAt(axis: u32): usize {
  return axes + <usize>axis * axisLength;
}

/** Reads and checks a layout; false if it describes no shard. */
function readLayout(layout: usize): bool {
  const layoutRank = load<u32>(layout);
  itemSize = load<u32>(layout, 4);
  swapSize = load<u32>(layout, 8);
  slotLength = load<u32>(layout, 16);
  if (layoutRank > rankLimit || <i32>itemSize <= 0 || <i32>slotLength <= 0 || load<u32>(layout, 12) > 1) return false;
  if (swapSize < 1 || swapSize > 16 || (swapSize & (swapSize - 1)) != 0 || itemSize % <usize>swapSize != 0) return false;
  checksum = load<u32>(layout, 12) == 1;
  rank = max<u32>(layoutRank, 1);
  let total: u64 = 1;
  let inside: u64 = 1;
  let payload = <u64>itemSize;
  let raggedBit: u32 = 1;
  for (let i = rank; i-- > 0; ) {
    const from = layoutRank == 0 ? scalarAxis : layout + 20 + <usize>i * 20;
    const axis = axisAt(i);
    memory.copy(axis, from, 20);
    const grid = gridOf(axis);
    const inner = innerOf(axis);
    const extent = extentOf(axis);
    if (<i32>grid <= 0 || <i32>inner <= 0 || <i32>extent <= 0 || <u64>extent > <u64>grid * inner) return false;
    if (<i32>outerStrideOf(axis) < 0 || <i32>slotStrideOf(axis) < 0) return false;
    const chunks = <u32>((<u64>extent + inner - 1) / inner);
    const tail = extent - (chunks - 1) * inner;
    store<u32>(axis, chunks, 20);
    store<u32>(axis, tail, 24);
    store<u32>(axis, tail < inner ? raggedBit : 0, 28);
    store<u32>(axis, <u32>total, 32);
    if (tail < inner) raggedBit <<= 1;
    // Checked axis by axis, so that no product wraps; the index is below 2^31 bytes as well.
    total *= grid;
    inside *= chunks;
    payload *= inner;
    if (total > <u64>(i32.MAX_VALUE >> 4) || payload > <u64>i32.MAX_VALUE) return false;
  }
  if (payload + (checksum ? 4 : 0) != <u64>slotLength) return false;
  payloadLength = <usize>payload;
  chunkCount = <u32>total;
  insideCount = <u32>inside;
  memory.fill(boxMasks, 0, keptBoxes << 3);
  return slotIsDense();
}

/** Whether every byte of a payload belongs to one element: the slot strides are those of a packed array, in any order. */
function slotIsDense(): bool {
  let stride = <u32>itemSize;
  while (stride != <u32>payloadLength) {
    let i: u32 = 0;
    while (i < rank && (slotStrideOf(axisAt(i)) != stride || innerOf(axisAt(i)) == 1)) i++;
    if (i == rank) return false;
    stride *= innerOf(axisAt(i));
  }
  return true;
}

/** Whether an outer array of `length` bytes holds the shard's elements, of which `rows` lie along the first axis. */
function fitsOuter(rows: u32, length: usize): bool {
  let end = <u64>itemSize;
  for (let i: u32 = 0; i < rank; i++) {
    const axis = axisAt(i);
    end += <u64>((i == 0 ? rows : extentOf(axis)) - 1) * outerStrideOf(axis);
    if (end > <u64>length) return false;
  }
  return true;
}

/** The box of an inner chunk at the ragged ends in `mask`: from the slot into the outer array, or back. */
function boxFor(mask: u32, toOuter: bool): usize {
  const place = <usize>mask & (keptBoxes - 1);
  const box = boxes + place * boxLength;
  if (load<u64>(boxMasks + (place << 3)) == <u64>mask + 1) return box;
  store<u64>(boxMasks + (place << 3), <u64>mask + 1);
  let used: u32 = 0;
  for (let i: u32 = 0; i < rank; i++) {
    const axis = axisAt(i);
    const count = mask & raggedBitOf(axis) ? tailOf(axis) : innerOf(axis);
    if (count == 1) continue;
    const outerStride = outerStrideOf(axis);
    const slotStride = slotStrideOf(axis);
    addAxis(box, used++, count, toOuter ? outerStride : slotStride, toOuter ? slotStride : outerStride);
  }
  finishBox(box, used, itemSize);
  return box;
}

/** Whether the packed slots of all inner chunks of `rows` rows lie in `length` bytes. */
@inline
function fitsPacked(rows: u32, length: usize): bool {
  return <u64>rows * indexStrideOf(axisAt(0)) * slotLength <= <u64>length;
}

/** Whether the entry of an inner chunk can be that of a slot in a shard of `srcLength` bytes with its index in the region. */
@inline
function isUsable(entry: usize, length: usize, srcLength: usize, regionStart: u64, regionEnd: u64): bool {
  const offset = load<u64>(entry);
  // Compared by itself first, so that the sum does not wrap.
  if (load<u64>(entry, 8) != <u64>length || offset > <u64>srcLength || offset + length > <u64>srcLength) return false;
  return offset >= regionEnd || offset + length <= regionStart;
}

/** Moves the coordinates of all axes but the last one to the next row of inner chunks; false after the last one. */
function nextRow(firstRow: u32, endRow: u32): bool {
  for (let i = rank - 1; i-- > 0; ) {
    const axis = axisAt(i);
    const coordinate = load<u32>(axis, 36) + 1;
    if (coordinate < (i == 0 ? endRow : chunksOf(axis))) {
      store<u32>(axis, coordinate, 36);
      return true;
    }
    store<u32>(axis, i == 0 ? firstRow : 0, 36);
  }
  return false;
}

/** Whether the slot's payload has the checksum that follows it. */
@inline
function isIntact(slot: usize): bool {
  return crc32c(slot, payloadLength, 0) == load<u32>(slot + payloadLength);
}

/**
 * Places the inner chunks whose first grid coordinate lies in `firstRow` to before `firstRow + rowCount`, and that have elements in the
 * array, from the shard `src` into `dst`, whose first byte belongs to element (firstRow * inner, 0, ..., 0) of the outer array. Rank 0
 * is one row, whatever the two say.
 *
 * Each of them must have an entry of the slot's length that lies inside of `src` and outside of the stored index at `regionOffset` (a
 * `regionLength` of 0 means that the index lies elsewhere), and its checksum must match. Slots may overlap.
 *
 * An `indexLength` of 0 stands for the index of a packed shard: `src` then begins with the slot of the first inner chunk of `firstRow`, and
 * the others follow in the order of their numbers, those without elements in the array included.
 *
 * Returns the number of inner chunks placed; -(1 + number of an inner chunk) where an entry or a checksum is bad, with a part of `dst`
 * written; -2^31, with nothing written, if `dst` or the index is too small, the layout describes no shard or it has no such rows.
 */
export function decodeShard(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  index: usize,
  indexLength: usize,
  regionOffset: f64,
  regionLength: f64,
  layout: usize,
  firstRow: u32,
  rowCount: u32,
): i32 {
  if (<i32>dstLength < 0 || <i32>srcLength < 0 || !readLayout(layout)) return unusable;
  if (load<u32>(layout) == 0) {
    firstRow = 0;
    rowCount = 1;
  }
  const first = axisAt(0);
  const isPacked = indexLength == 0;
  if (<u64>firstRow + rowCount > <u64>gridOf(first)) return unusable;
  if (!isPacked && <u64>indexLength < <u64>chunkCount << 4) return unusable;
  const endRow = min(firstRow + rowCount, chunksOf(first));
  if (firstRow >= endRow) return 0;
  const rows = min<u64>(<u64>endRow * innerOf(first), extentOf(first)) - <u64>firstRow * innerOf(first);
  if (!fitsOuter(<u32>rows, dstLength) || (isPacked && !fitsPacked(endRow - firstRow, srcLength))) return unusable;
  const firstNumber = firstRow * indexStrideOf(first);

  const regionStart = toLimit(regionOffset);
  const regionEnd = regionLength > 0 ? toLimit(regionOffset + regionLength) : 0;
  const swap = swapSize;
  const length = slotLength;
  const verify = checksum;
  const last = rank - 1;
  const lastAxis = axisAt(last);
  const start = last == 0 ? firstRow : 0;
  const end = last == 0 ? endRow : chunksOf(lastAxis);
  const step = <usize>innerOf(lastAxis) * outerStrideOf(lastAxis);
  // The last inner chunk of a row has another box where this axis is ragged.
  const wholeEnd = raggedBitOf(lastAxis) != 0 && end == chunksOf(lastAxis) ? end - 1 : end;

  for (let i: u32 = 0; i < last; i++) store<u32>(axisAt(i), i == 0 ? firstRow : 0, 36);
  let placed: i32 = 0;
  do {
    let number = start;
    let mask: u32 = 0;
    let to = dst;
    for (let i: u32 = 0; i < last; i++) {
      const axis = axisAt(i);
      const coordinate = load<u32>(axis, 36);
      number += coordinate * indexStrideOf(axis);
      to += <usize>(i == 0 ? coordinate - firstRow : coordinate) * innerOf(axis) * outerStrideOf(axis);
      if (coordinate == chunksOf(axis) - 1) mask |= raggedBitOf(axis);
    }
    let box = wholeEnd > start ? boxFor(mask, true) : 0;
    let run = wholeEnd > start && swap == 1 ? wholeRun(box) : 0;
    for (let coordinate = start; coordinate < end; coordinate++) {
      let slot = src;
      if (isPacked) slot += <usize>(number - firstNumber) * length;
      else {
        const entry = index + (<usize>number << 4);
        if (!isUsable(entry, length, srcLength, regionStart, regionEnd)) return -1 - <i32>number;
        slot += load<usize>(entry);
      }
      if (verify && !isIntact(slot)) return -1 - <i32>number;
      if (coordinate == wholeEnd) {
        box = boxFor(mask | raggedBitOf(lastAxis), true);
        run = swap == 1 ? wholeRun(box) : 0;
      }
      if (run != 0) copyRun(to, slot, run);
      else copyBox(box, to, slot, swap);
      number++;
      to += step;
    }
    placed += end - start;
  } while (nextRow(firstRow, endRow));
  return placed;
}

/** Writes the checksum of the payload behind it. */
@inline
function sealSlot(slot: usize): void {
  store<u32>(slot + payloadLength, crc32c(slot, payloadLength, 0));
}

/** Reverses the bytes of a payload's elements in place. */
function swapPayload(slot: usize): void {
  if (swapSize == 2) byteswap2(slot, payloadLength, slot, payloadLength);
  else if (swapSize == 4) byteswap4(slot, payloadLength, slot, payloadLength);
  else if (swapSize == 8) byteswap8(slot, payloadLength, slot, payloadLength);
  else if (swapSize == 16) byteswap16(slot, payloadLength, slot, payloadLength);
}

/**
 * Collects every inner chunk from the outer array `src`, whose first byte belongs to element (0, ..., 0) of the shard, into slots one
 * after another from byte `base` of `dst` on, in the order of `order` (each number of an inner chunk once, u32), and writes their
 * entries to `index`. Cells past the extent become the element at `value`. An inner chunk without elements in the array is missing; with
 * `skipEmpty` so is one whose elements in the array all have the bytes at `value`.
 *
 * `dst` must have room for all inner chunks with elements in the array. Its bytes need no particular value before the call.
 *
 * Returns the end of the last slot, in bytes from `dst`; -1 if `dst`, `src` or `index` is too small, the layout describes no shard or
 * `order` does not name each inner chunk once.
 */
export function encodeShard(
  dst: usize,
  dstLength: usize,
  base: usize,
  src: usize,
  srcLength: usize,
  index: usize,
  indexLength: usize,
  order: usize,
  value: usize,
  skipEmpty: bool,
  layout: usize,
): f64 {
  if (<i32>dstLength < 0 || <i32>srcLength < 0 || !readLayout(layout)) return -1;
  if (<u64>indexLength < <u64>chunkCount << 4 || !fitsOuter(extentOf(axisAt(0)), srcLength)) return -1;
  if (<u64>base + <u64>insideCount * slotLength > <u64>dstLength) return -1;

  const itemLength = itemSize;
  // A length of 0, which no inner chunk has, marks those not named so far.
  memory.fill(index, 0, <usize>chunkCount << 4);
  let offset = base;
  for (let place: u32 = 0; place < chunkCount; place++) {
    const number = load<u32>(order + (<usize>place << 2));
    if (number >= chunkCount) return -1;
    const entry = index + (<usize>number << 4);
    if (load<u64>(entry, 8) != 0) return -1;
    let rest = number;
    let mask: u32 = 0;
    let from = src;
    let isInside = true;
    for (let i = rank; i-- > 0; ) {
      const axis = axisAt(i);
      const grid = gridOf(axis);
      let coordinate = rest;
      // A division costs more than all else that is done for a tiny inner chunk.
      if (i > 0) {
        rest = grid == 1 ? rest : rest / grid;
        coordinate -= rest * grid;
      }
      const chunks = chunksOf(axis);
      if (coordinate >= chunks) {
        isInside = false;
        break;
      }
      if (coordinate == chunks - 1) mask |= raggedBitOf(axis);
      from += <usize>coordinate * innerOf(axis) * outerStrideOf(axis);
    }
    if (isInside) {
      const slot = dst + offset;
      const box = boxFor(mask, false);
      const mayBeEmpty = skipEmpty && isFilled(from, itemLength, value, itemLength) == 1;
      // Cells that are compared with the fill value or set to it are swapped later.
      const inSteps = mayBeEmpty || mask != 0;
      if (mask != 0) fill(slot, payloadLength, value, itemLength);
      const swap = inSteps ? 1 : swapSize;
      const run = swap == 1 ? wholeRun(box) : 0;
      if (run != 0) copyRun(slot, from, run);
      else copyBox(box, slot, from, swap);
      if (mayBeEmpty) isInside = isFilled(slot, payloadLength, value, itemLength) == 0;
      if (inSteps && isInside) swapPayload(slot);
    }
    if (isInside) {
      const slot = dst + offset;
      if (checksum) sealSlot(slot);
      store<u64>(entry, offset);
      store<u64>(entry, slotLength, 8);
      offset += slotLength;
    } else {
      store<u64>(entry, missing);
      store<u64>(entry, missing, 8);
    }
  }
  return <f64>offset;
}

/** Number of positions start, start + step, ... below `limit`, `count` at most. */
@inline
function positionsBelow(limit: i64, start: i64, step: i64, count: i64): i64 {
  return limit > start ? min<i64>(count, (limit - start + step - 1) / step) : 0;
}

/** Whether `region` lies inside the extent and its elements, packed, inside `length` bytes. */
function fitsRegion(region: usize, layoutRank: u32, length: usize): bool {
  let packed = <u64>itemSize;
  for (let i: u32 = 0; i < layoutRank; i++) {
    const triple = region + <usize>i * 12;
    const start = load<i32>(triple);
    const step = load<i32>(triple, 4);
    const count = load<i32>(triple, 8);
    if (start < 0 || step < 1 || count < 1) return false;
    if (<i64>start + <i64>(count - 1) * step >= <i64>extentOf(axisAt(i))) return false;
    packed *= count;
    if (packed > <u64>length) return false;
  }
  // Rank 0 has one element.
  return packed <= <u64>length;
}

/**
 * Writes a region's elements into `count` slots that lie one after another in `dst`; slot i belongs to the inner chunk with number
 * `chunks[i]` (u32). The region has one triple of i32 (start, step, count) per axis, in elements of the shard; `src` has its elements
 * packed in C order. Where `partial[i]` (u8) is 1, the slot holds what is stored, and its checksum is verified first. Where it is 0 the
 * region must cover the inner chunk's elements in the array; the slot needs no particular bytes, and its cells past the extent become
 * the element at `value`.
 *
 * Returns the number of elements written; -(1 + i) where a slot's checksum is bad, or its inner chunk does not exist, is not touched by
 * the region, or not covered as `partial` says, with the slots before it patched; -2^31, with nothing written, if `dst` or `src` is too
 * small, the layout describes no shard or the region leaves the extent.
 */
export function patchSlots(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  chunks: usize,
  count: u32,
  partial: usize,
  region: usize,
  value: usize,
  layout: usize,
): i32 {
  if (<i32>dstLength < 0 || <i32>srcLength < 0 || !readLayout(layout)) return unusable;
  const layoutRank = load<u32>(layout);
  if (!fitsRegion(region, layoutRank, srcLength) || <u64>count * slotLength > <u64>dstLength) return unusable;

  let written: i32 = 0;
  let slot = dst;
  for (let place: u32 = 0; place < count; place++) {
    let rest = load<u32>(chunks + (<usize>place << 2));
    if (rest >= chunkCount) return -1 - <i32>place;
    let used: u32 = 0;
    let touched: u32 = 1;
    let isCovered = true;
    let isWhole = true;
    let to = slot;
    let from = src;
    let srcStride = <u32>itemSize;
    for (let i = rank; i-- > 0; ) {
      const axis = axisAt(i);
      const inner = innerOf(axis);
      const low = <i64>(rest % gridOf(axis)) * inner;
      rest /= gridOf(axis);
      const high = min<i64>(low + inner, extentOf(axis));
      const triple = region + <usize>i * 12;
      const start = layoutRank == 0 ? 0 : <i64>load<i32>(triple);
      const step = layoutRank == 0 ? 1 : <i64>load<i32>(triple, 4);
      const total = layoutRank == 0 ? 1 : <i64>load<i32>(triple, 8);
      const begin = positionsBelow(low, start, step, total);
      const found = <i32>(positionsBelow(high, start, step, total) - begin);
      if (found <= 0) return -1 - <i32>place;
      if (<i64>found != high - low) isCovered = false;
      if (high - low != inner) isWhole = false;
      touched *= found;
      to += <usize>(start + begin * step - low) * slotStrideOf(axis);
      from += <usize>begin * srcStride;
      // Two positions in one inner chunk are less than its length apart, so the step in the slot is less than the slot's.
      if (found > 1) addAxis(patchBox, used++, found, <i32>step * slotStrideOf(axis), srcStride);
      srcStride *= <u32>total;
    }
    if (load<u8>(partial + place) != 0) {
      if (checksum && !isIntact(slot)) return -1 - <i32>place;
    } else {
      if (!isCovered) return -1 - <i32>place;
      if (!isWhole) {
        fill(slot, payloadLength, value, itemSize);
        swapPayload(slot);
      }
    }
    finishBox(patchBox, used, itemSize);
    copyBox(patchBox, to, from, swapSize);
    if (checksum) sealSlot(slot);
    written += touched;
    slot += slotLength;
  }
  return written;
}
