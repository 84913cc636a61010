/**
 * Copy of an n-dimensional box between two strided layouts: scatter and gather of a chunk, transposition, broadcast, reversal.
 *
 * The box is first brought into its simplest form: axes sorted by their step in `dst`, those of one element dropped, neighbours that are
 * one run in both layouts merged. What remains is rows of `run` contiguous bytes (one element if the innermost steps differ):
 *
 *     axes      | count | dst step | src step |  outermost ... innermost       run
 *
 *     dst  ==run==...==run==...==run==             src  ==run=====run=====run==
 *          <- dst step ->                               <- src ->
 *
 * GB/s at 64 KB: rows of 10 bytes 11, of 100 bytes 23; every second element of 1, 2, 4 bytes 11, 11, 9 (scalar 3, 5, 9); elements of 1, 2, 4
 * bytes backwards 22 (3, 5, 10); transposition of 1, 2, 4, 8 bytes 10, 9, 15, 14 (3, 6, 10, 14); 64 x 64 x 64 of them in the other order 8, 6,
 * 12, 13; broadcast 41.
 *
 * Longer runs go by v128 with an overlapping last block, and above 512 bytes by memory.copy, a call that costs 6 ns at least (ns a row at
 * 128, 256, 300, 500, 700 bytes: 4, 7, 9, 16, 21 against 6, 12, 18, 22, 25).
 */
import { swapRows } from "./byteswap";
import { fill } from "./fill";

/** Axes that a box may have. */
export const rankLimit: u32 = 32;
const copyLimit: usize = 512;

/**
 * A prepared box, which any number of places can be copied by:
 *
 *     run | rows: count, dst step, src step | lines: count, dst step | outer axes | whole | axes: count, dst step, src step, counter | ...
 *     0     4      8         12               16     20                24           28      32
 *
 * Lines are counted where rows are transposed, else there are none; `whole` is the run where the box is nothing else, else 0. All words have 32 bits.
 */
export const boxLength: usize = 32 + 32 * 16;
const axisLength: usize = 16;
const headLength: usize = 32;
const ownBox: usize = memory.data(32 + 32 * 16, 16);
/** A tile of 64 bytes a side, between the stages of its transposition. */
const stages: usize = memory.data(4096, 64);

@inline
function axisAt(box: usize, index: u32): usize {
  return box + headLength + <usize>index * axisLength;
}

/**
 * Copies a box of elements of `itemSize` bytes (1 or more) and `rank` axes (32 at most). `layout` holds one triple of i32 (count, dst step,
 * src step) per axis, outermost first, steps in bytes; they may be negative, and 0 in src. Element (0, ..., 0) lies `dstOffset` bytes
 * into `dst` and `srcOffset` bytes into `src`. Elements of `dst` must be distinct, and `dst` and `src` may not overlap.
 *
 * Returns the number of elements copied, or -1 if any byte of the box lies outside of `dst` or `src`.
 */
export function copyStrided(
  dst: usize,
  dstLength: usize,
  dstOffset: usize,
  src: usize,
  srcLength: usize,
  srcOffset: usize,
  itemSize: usize,
  rank: u32,
  layout: usize,
): i32 {
  if (rank > rankLimit || itemSize == 0) return -1;
  let total: u64 = 1;
  let dstLow = <i64>dstOffset;
  let dstHigh = dstLow + <i64>itemSize;
  let srcLow = <i64>srcOffset;
  let srcHigh = srcLow + <i64>itemSize;
  for (let axis: u32 = 0; axis < rank; axis++) {
    const count = load<i32>(layout + axis * 12);
    if (count < 0) return -1;
    if (count == 0) total = 0;
  }
  if (total == 0) return 0;

  dst += dstOffset;
  src += srcOffset;
  let used: u32 = 0;
  for (let axis: u32 = 0; axis < rank; axis++) {
    const triple = layout + axis * 12;
    const count = load<i32>(triple);
    if (count == 1) continue;
    total *= count;
    // Checked axis by axis, so that no product or sum below can wrap.
    if (total > <u64>i32.MAX_VALUE) return -1;
    let dstStep = load<i32>(triple, 4);
    let srcStep = load<i32>(triple, 8);
    const dstReach = <i64>(count - 1) * dstStep;
    const srcReach = <i64>(count - 1) * srcStep;
    if (dstReach < 0) dstLow += dstReach;
    else dstHigh += dstReach;
    if (srcReach < 0) srcLow += srcReach;
    else srcHigh += srcReach;
    if (dstLow < 0 || dstHigh > <i64>dstLength || srcLow < 0 || srcHigh > <i64>srcLength) return -1;
    if (dstStep < 0) {
      dst += <usize>dstReach;
      src += <usize>srcReach;
      dstStep = -dstStep;
      srcStep = -srcStep;
    }
    addAxis(ownBox, used++, count, dstStep, srcStep);
  }
  if (dstHigh > <i64>dstLength || srcHigh > <i64>srcLength) return -1;

  finishBox(ownBox, used, itemSize);
  copyBox(ownBox, dst, src, 1);
  return <i32>total;
}

/** Adds an axis of more than one element to the `used` axes of a box, which it keeps sorted by their step in `dst` (not negative). */
export function addAxis(box: usize, used: u32, count: u32, dstStep: i32, srcStep: i32): void {
  let place = used;
  for (; place > 0 && load<i32>(axisAt(box, place - 1), 4) < dstStep; place--) {
    const from = axisAt(box, place - 1);
    store<u64>(axisAt(box, place), load<u64>(from));
    store<i32>(axisAt(box, place), load<i32>(from, 8), 8);
  }
  const to = axisAt(box, place);
  store<u32>(to, count);
  store<i32>(to, dstStep, 4);
  store<i32>(to, srcStep, 8);
}

/** Merges each axis with its inner neighbour where both layouts step through the two as through one; returns the number of axes left. */
function mergeAxes(box: usize, used: u32): u32 {
  let kept: u32 = 0;
  for (let axis: u32 = 0; axis < used; axis++) {
    const inner = axisAt(box, axis);
    const count = load<i32>(inner);
    const dstStep = load<i32>(inner, 4);
    const srcStep = load<i32>(inner, 8);
    if (kept > 0) {
      const outer = axisAt(box, kept - 1);
      if (<i64>load<i32>(outer, 4) == <i64>dstStep * count && <i64>load<i32>(outer, 8) == <i64>srcStep * count) {
        store<i32>(outer, load<i32>(outer) * count);
        store<i32>(outer, dstStep, 4);
        store<i32>(outer, srcStep, 8);
        continue;
      }
    }
    const place = axisAt(box, kept++);
    store<i32>(place, count);
    store<i32>(place, dstStep, 4);
    store<i32>(place, srcStep, 8);
  }
  return kept;
}

/** Brings a box of `used` axes into its simplest form, for {@link copyBox}. */
export function finishBox(box: usize, used: u32, itemSize: usize): void {
  let outer = mergeAxes(box, used);
  let run = itemSize;
  if (outer > 0) {
    const innermost = axisAt(box, outer - 1);
    if (<usize>load<u32>(innermost, 4) == run && <usize>load<u32>(innermost, 8) == run) {
      run *= load<u32>(innermost);
      outer--;
    }
  }
  let rowCount: usize = 1;
  let dstRow = run;
  let srcRow = run;
  let lineCount: usize = 0;
  let dstLine: usize = 0;
  if (outer > 0) {
    const rows = axisAt(box, --outer);
    rowCount = <usize>load<u32>(rows);
    dstRow = <usize>load<i32>(rows, 4);
    srcRow = <usize>load<i32>(rows, 8);
    const across = dstRow == run && run <= 8 && (run & (run - 1)) == 0 ? axisAlong(box, outer, run) : -1;
    if (across >= 0) {
      const line = axisAt(box, across);
      lineCount = <usize>load<u32>(line);
      dstLine = <usize>load<i32>(line, 4);
      // The order of the axes outside of the tiles does not matter.
      const last = axisAt(box, --outer);
      store<u64>(line, load<u64>(last));
      store<i32>(line, load<i32>(last, 8), 8);
    }
  }
  store<usize>(box, run);
  store<usize>(box, rowCount, 4);
  store<usize>(box, dstRow, 8);
  store<usize>(box, srcRow, 12);
  store<usize>(box, lineCount, 16);
  store<usize>(box, dstLine, 20);
  store<u32>(box, outer, 24);
  store<usize>(box, rowCount == 1 && outer == 0 ? run : 0, 28);
  for (let axis: u32 = 0; axis < outer; axis++) store<u32>(axisAt(box, axis), 0, 12);
}

/**
 * Length of a finished box that is one contiguous run in both layouts, else 0:
 * by {@link copyRun}, an inner chunk of 100 bytes takes 9 ns in place of 15.
 */
@inline
export function wholeRun(box: usize): usize {
  return load<usize>(box, 28);
}

/** Copies a finished box, with the bytes of every `swapSize` (1, 2, 4, 8 or 16; a divisor of the item size) reversed. */
export function copyBox(box: usize, dst: usize, src: usize, swapSize: i32): void {
  const run = load<usize>(box);
  const rowCount = load<usize>(box, 4);
  const dstRow = load<usize>(box, 8);
  const srcRow = load<usize>(box, 12);
  const lineCount = load<usize>(box, 16);
  const dstLine = load<usize>(box, 20);
  const outer = load<u32>(box, 24);
  for (;;) {
    if (lineCount != 0) {
      transpose(dst, src, run, rowCount, srcRow, lineCount, dstLine);
      if (swapSize != 1) swapRows(dst, dst, run * rowCount, lineCount, dstLine, dstLine, swapSize);
    } else if (swapSize != 1) {
      swapRows(dst, src, run, rowCount, dstRow, srcRow, swapSize);
    } else {
      copyRows(dst, src, run, rowCount, dstRow, srcRow);
    }
    // Every counter is 0 again when the last row is done.
    let axis = outer;
    for (; axis > 0; axis--) {
      const entry = axisAt(box, axis - 1);
      const count = load<u32>(entry);
      const counter = load<u32>(entry, 12) + 1;
      const dstStep = <usize>load<i32>(entry, 4);
      const srcStep = <usize>load<i32>(entry, 8);
      if (counter < count) {
        store<u32>(entry, counter, 12);
        dst += dstStep;
        src += srcStep;
        break;
      }
      store<u32>(entry, 0, 12);
      dst -= dstStep * (count - 1);
      src -= srcStep * (count - 1);
    }
    if (axis == 0) return;
  }
}

/** Index of the axis along which `src` is contiguous and long enough for tiles, or -1. */
function axisAlong(box: usize, used: u32, run: usize): i32 {
  for (let axis: u32 = 0; axis < used; axis++) {
    const entry = axisAt(box, axis);
    if (<usize>load<u32>(entry, 8) == run && load<u32>(entry) >= 8) return axis;
  }
  return -1;
}

@inline
function copyEach<T>(dst: usize, src: usize, count: usize, dstStep: usize, srcStep: usize): void {
  for (; count >= 4; count -= 4) {
    store<T>(dst, load<T>(src));
    store<T>(dst + dstStep, load<T>(src + srcStep));
    store<T>(dst + 2 * dstStep, load<T>(src + 2 * srcStep));
    store<T>(dst + 3 * dstStep, load<T>(src + 3 * srcStep));
    dst += 4 * dstStep;
    src += 4 * srcStep;
  }
  for (; count > 0; count--) {
    store<T>(dst, load<T>(src));
    dst += dstStep;
    src += srcStep;
  }
}

/** The swizzle of {@link gather}, and the item size and step that it is for. */
const picked: usize = memory.data(16, 16);
let pickedFor: usize = 0;

/**
 * Collects items that lie a small step apart, in either direction: as many as 16 bytes hold by one swizzle. Each store overlaps the one
 * before it. Returns how many items are done: those from which whole blocks can be read and written.
 *
 *     src   | a . b . c . d . e . f . g . h . | i . ...          dst   | a b c d e f g h . . . . . . . . |
 *                                                                                      | i j k l m n o p . . . . . . . . |
 */
@inline
function gather<T>(dst: usize, src: usize, count: usize, step: isize): usize {
  const distance = <usize>(step < 0 ? -step : step);
  const spare: usize = 16 - sizeof<T>();
  // Two items a block are no faster than one at a time; items that overlap in src are rare.
  if (distance < sizeof<T>() || distance > spare >> 1) return 0;
  const each = spare / distance + 1;
  // More items than a block holds reach beyond its end.
  const fewest = max<usize>(each + 1, 16 / sizeof<T>());
  if (count < fewest) return 0;
  const first = step < 0 ? spare : 0;
  const key = (<usize>step << 4) | sizeof<T>();
  if (pickedFor != key) {
    for (let i: usize = 0; i < 16; i++) {
      store<u8>(picked + i, <u8>(first + <usize>step * (i / sizeof<T>()) + i % sizeof<T>()));
    }
    pickedFor = key;
  }
  const places = v128.load(picked);
  let from = src - first;
  let left = count;
  for (; left >= fewest; left -= each) {
    v128.store(dst, v128.swizzle(v128.load(from), places));
    dst += each * sizeof<T>();
    from += each * <usize>step;
  }
  return count - left;
}

/** Copies items one by one, or by {@link gather} where they lie close together in `src` and side by side in `dst`. */
@inline
function copyItems<T>(dst: usize, src: usize, count: usize, dstStep: usize, srcStep: usize): void {
  if (ASC_FEATURE_SIMD && dstStep == sizeof<T>()) {
    const done = gather<T>(dst, src, count, srcStep);
    dst += done * dstStep;
    src += done * srcStep;
    count -= done;
  }
  copyEach<T>(dst, src, count, dstStep, srcStep);
}

/** Rows of sizeof<T> to 2 sizeof<T> bytes: two words that overlap. */
@inline
function copyPairs<T>(dst: usize, src: usize, run: usize, count: usize, dstStep: usize, srcStep: usize): void {
  const last = run - sizeof<T>();
  for (; count > 0; count--) {
    const low = load<T>(src);
    const high = load<T>(src + last);
    store<T>(dst, low);
    store<T>(dst + last, high);
    dst += dstStep;
    src += srcStep;
  }
}

/** Copies 16 bytes; all are read before any is written. */
@inline
export function copy16(dst: usize, src: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(dst, v128.load(src));
  } else {
    const low = load<u64>(src);
    const high = load<u64>(src, 8);
    store<u64>(dst, low);
    store<u64>(dst, high, 8);
  }
}

/** Copies one run of any length but 0. */
@inline
export function copyRun(dst: usize, src: usize, run: usize): void {
  if (run > copyLimit) memory.copy(dst, src, run);
  else if (run >= 16) {
    const last = run - 16;
    for (let i: usize = 0; i < last; i += 16) copy16(dst + i, src + i);
    copy16(dst + last, src + last);
  } else if (run >= 8) copyPairs<u64>(dst, src, run, 1, 0, 0);
  else if (run >= 4) copyPairs<u32>(dst, src, run, 1, 0, 0);
  else if (run >= 2) copyPairs<u16>(dst, src, run, 1, 0, 0);
  else store<u8>(dst, load<u8>(src));
}

/** Copies `count` rows of `run` bytes. */
function copyRows(dst: usize, src: usize, run: usize, count: usize, dstStep: usize, srcStep: usize): void {
  if (srcStep == 0 && dstStep == run) fill(dst, run * count, src, run);
  else if (run == 1) copyItems<u8>(dst, src, count, dstStep, srcStep);
  else if (run == 2) copyItems<u16>(dst, src, count, dstStep, srcStep);
  else if (run == 4) copyItems<u32>(dst, src, count, dstStep, srcStep);
  else if (run == 8) copyEach<u64>(dst, src, count, dstStep, srcStep);
  else if (run < 4) copyPairs<u16>(dst, src, run, count, dstStep, srcStep);
  else if (run < 8) copyPairs<u32>(dst, src, run, count, dstStep, srcStep);
  else if (run < 16) copyPairs<u64>(dst, src, run, count, dstStep, srcStep);
  else if (run <= copyLimit) {
    const last = run - 16;
    for (; count > 0; count--) {
      for (let i: usize = 0; i < last; i += 16) copy16(dst + i, src + i);
      copy16(dst + last, src + last);
      dst += dstStep;
      src += srcStep;
    }
  } else {
    for (; count > 0; count--) {
      memory.copy(dst, src, run);
      dst += dstStep;
      src += srcStep;
    }
  }
}

@inline
function interleaveLow<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  if (sizeof<T>() == 2) return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5);
}

@inline
function interleaveHigh<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  if (sizeof<T>() == 2) return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7);
}

/** Two interleaving stages of {@link transposeSquare} over four vectors. */
@inline
function interleaveFour<T>(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStep);
  const c = v128.load(from + 2 * fromStep);
  const d = v128.load(from + 3 * fromStep);
  const evenLow = interleaveLow<T>(a, c);
  const evenHigh = interleaveHigh<T>(a, c);
  const oddLow = interleaveLow<T>(b, d);
  const oddHigh = interleaveHigh<T>(b, d);
  v128.store(to, interleaveLow<T>(evenLow, oddLow));
  v128.store(to + toStep, interleaveHigh<T>(evenLow, oddLow));
  v128.store(to + 2 * toStep, interleaveLow<T>(evenHigh, oddHigh));
  v128.store(to + 3 * toStep, interleaveHigh<T>(evenHigh, oddHigh));
}

/** Turns 2 by 2 items of 8 bytes. */
@inline
function interleaveTwo(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStep);
  v128.store(to, v128.shuffle<u64>(a, b, 0, 2));
  v128.store(to + toStep, v128.shuffle<u64>(a, b, 1, 3));
}

/**
 * Transposes the squares of 16 bytes a side, n vectors of n lanes, in a tile of at most 64 bytes a side. One stage interleaves vector i with
 * vector i + n / 2: that moves the highest bit of the row number to the lowest of the lane number, and the highest of the lane number to the
 * lowest of the row number, so log2 n stages exchange the two. They go two at a time, because a pass through memory costs as much as two
 * stages.
 */
@inline
function transposeSquares<T>(dst: usize, src: usize, rows: usize, srcRow: usize, lines: usize, dstLine: usize): void {
  if (sizeof<T>() == 1) {
    transposeBytes(dst, src, rows, srcRow, lines, dstLine);
    return;
  }
  const step: usize = 16 / sizeof<T>();
  for (let l: usize = 0; l < lines; l += step) {
    let from = src + l * sizeof<T>();
    let to = dst + l * dstLine;
    const end = to + rows * sizeof<T>();
    for (; to < end; to += 16, from += step * srcRow) {
      if (sizeof<T>() == 8) {
        interleaveTwo(to, dstLine, from, srcRow);
      } else if (sizeof<T>() == 4) {
        interleaveFour<T>(to, dstLine, from, srcRow);
      } else {
        interleaveFour<T>(stages, 16, from, 2 * srcRow);
        interleaveFour<T>(stages + 64, 16, from + srcRow, 2 * srcRow);
        for (let i: usize = 0; i < 4; i++) {
          const a = v128.load(stages + 16 * i);
          const b = v128.load(stages + 16 * i, 64);
          v128.store(to + 2 * i * dstLine, interleaveLow<T>(a, b));
          v128.store(to + (2 * i + 1) * dstLine, interleaveHigh<T>(a, b));
        }
      }
    }
  }
}

/**
 * Bytes go by two passes over all the squares of the tile: the first reads four rows at a time, the second writes four lines. Where rows lie a
 * power of two apart, a cache does not hold the 64 of a tile (64 x 64 x 64 bytes in the other order: 8 GB/s, square by square 4).
 */
function transposeBytes(dst: usize, src: usize, rows: usize, srcRow: usize, lines: usize, dstLine: usize): void {
  for (let row: usize = 0; row < rows; row += 16) {
    for (let i: usize = 0; i < 4; i++) {
      const from = src + (row + i) * srcRow;
      const to = stages + row * 64 + i * 64;
      for (let line: usize = 0; line < lines; line += 16) {
        interleaveFour<u8>(to + line * 16, 16, from + line, 4 * srcRow);
      }
    }
  }
  for (let line: usize = 0; line < lines; line += 16) {
    for (let i: usize = 0; i < 4; i++) {
      const from = stages + line * 16 + i * 16;
      const to = dst + (line + 4 * i) * dstLine;
      for (let row: usize = 0; row < rows; row += 16) interleaveFour<u8>(to + row, dstLine, from + row * 64, 64);
    }
  }
}

@inline
function transposeEach<T>(
  dst: usize,
  src: usize,
  rowCount: usize,
  srcRow: usize,
  lineCount: usize,
  dstLine: usize,
): void {
  for (let line: usize = 0; line < lineCount; line++) {
    copyEach<T>(dst + line * dstLine, src + line * sizeof<T>(), rowCount, sizeof<T>(), srcRow);
  }
}

/**
 * `dst` is contiguous along rows, `src` along lines: tiles of 64 bytes a side, so that each cache line is taken in once.
 *
 *     src   row 0 | line 0 | line 1 | ...        dst   line 0 | row 0 | row 1 | ...
 *           row 1 | line 0 | line 1 | ...              line 1 | row 0 | row 1 | ...
 */
@inline
function transposeTiles<T>(
  dst: usize,
  src: usize,
  rowCount: usize,
  srcRow: usize,
  lineCount: usize,
  dstLine: usize,
): void {
  const side: usize = 64 / sizeof<T>();
  for (let line: usize = 0; line < lineCount; line += side) {
    const lines = min(side, lineCount - line);
    for (let row: usize = 0; row < rowCount; row += side) {
      const rows = min(side, rowCount - row);
      const to = dst + line * dstLine + row * sizeof<T>();
      const from = src + line * sizeof<T>() + row * srcRow;
      if (ASC_FEATURE_SIMD) {
        const step: usize = 16 / sizeof<T>();
        const wholeLines = lines & ~(step - 1);
        const wholeRows = rows & ~(step - 1);
        transposeSquares<T>(to, from, wholeRows, srcRow, wholeLines, dstLine);
        transposeEach<T>(to + wholeRows * sizeof<T>(), from + wholeRows * srcRow, rows - wholeRows, srcRow, wholeLines, dstLine);
        transposeEach<T>(to + wholeLines * dstLine, from + wholeLines * sizeof<T>(), rows, srcRow, lines - wholeLines, dstLine);
      } else {
        transposeEach<T>(to, from, rows, srcRow, lines, dstLine);
      }
    }
  }
}

function transpose(
  dst: usize,
  src: usize,
  itemSize: usize,
  rowCount: usize,
  srcRow: usize,
  lineCount: usize,
  dstLine: usize,
): void {
  if (itemSize == 1) transposeTiles<u8>(dst, src, rowCount, srcRow, lineCount, dstLine);
  else if (itemSize == 2) transposeTiles<u16>(dst, src, rowCount, srcRow, lineCount, dstLine);
  else if (itemSize == 4) transposeTiles<u32>(dst, src, rowCount, srcRow, lineCount, dstLine);
  else transposeTiles<u64>(dst, src, rowCount, srcRow, lineCount, dstLine);
}
