/**
 * Byte and bit shuffle: the filters of the `blosc` container, and the `shuffle` codec.
 *
 * https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
 * https://numcodecs.readthedocs.io/en/stable/filter/shuffle.html
 *
 * Items become planes: byte 0 of every item, then byte 1, ...; with bits, bit 0 of byte 0 of every item, 8 items a byte, then bit 1, ...
 *
 *     src    a0 a1 | b0 b1 | c0 c1 | ...        shuffle    a0 b0 c0 ... | a1 b1 c1 ...
 *
 * In vectors, 16 items of 2, 4 or 8 bytes are one tile. A stage interleaves the first half of its vectors with the second half, byte by
 * byte: that moves the highest bit of a byte's place in the tile to the lowest. Four stages turn items into planes, and as many as the width
 * has bits turn planes into items. Items of more than 8 bytes are columns of 8 bytes, the last of which may overlap the one before it.
 *
 * GB/s at 64 KiB and 1 MiB for items of 4 bytes; numcodecs.js is what a shuffle adds to its blosc, the reference that of the tests:
 *
 *              |    SIMD     |  scalar   | numcodecs.js | reference   |
 * shuffle      | 18.5   16.9 | 1.8   1.5 |  3.9     2.0 | 0.43   0.43 |
 * unshuffle    | 28.2   23.1 | 1.6   1.1 |  0.8     1.1 |             |
 * bitshuffle   |  5.8    5.6 | 0.8   0.5 |  1.4     1.1 | 0.04   0.02 |
 * bitunshuffle |  6.5    6.0 | 0.5   0.5 |  1.1     1.1 |             |
 *
 * At 64 KiB, items of 1, 2, 3, 8, 12, 16, 24 bytes: shuffle 39 (a copy), 18, 4.4, 17, 9, 12, 12; bitshuffle 8.6, 5.4, 2.7, 5.8, 3.9, 4.8, 4.6.
 */

/** Items of a tile. */
const side: usize = 16;
/**
 * Items of a column before the next column follows: a cache line of each plane, because a cache holds few lines that lie a multiple of 4096
 * bytes apart (16-byte items 12 GB/s, 16 items at a time 4).
 */
const stripe: usize = 64;
/** A tile of planes, where items have less than 8 bytes. */
const tile: usize = memory.data(128, 16);

/** The planes of some items, whose bits are transposed next. */
const planes: usize = memory.data(32768, 64);
const planesLength: usize = 32768;
/** 128 items of this many bytes fill {@link planes}. */
const bitItemLimit: usize = 256;

@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Stages over the four vectors of a tile, two by two. */
@inline
function interleaveFour(dst: usize, dstStep: usize, src: usize, srcStep: usize, pairs: i32): void {
  let a = v128.load(src);
  let b = v128.load(src + srcStep);
  let c = v128.load(src + 2 * srcStep);
  let d = v128.load(src + 3 * srcStep);
  for (let pair = 0; pair < pairs; pair++) {
    const ac = low(a, c);
    const ca = high(a, c);
    const bd = low(b, d);
    const db = high(b, d);
    a = low(ac, bd);
    b = high(ac, bd);
    c = low(ca, db);
    d = high(ca, db);
  }
  v128.store(dst, a);
  v128.store(dst + dstStep, b);
  v128.store(dst + 2 * dstStep, c);
  v128.store(dst + 3 * dstStep, d);
}

/** The bits in which `a`, shifted right, and `b` differ under `mask`: flipped in both, they change places. */
@inline
function differing(a: v128, b: v128, shift: i32, mask: v128): v128 {
  return v128.and(v128.xor(v128.shr<u16>(a, shift), b), mask);
}

/** A vector, or its halves at a distance of `half`. */
@inline
function loadVector(src: usize, half: usize): v128 {
  if (half == 0) return v128.load(src);
  return v128.load_lane<u64>(src + half, v128.load_zero<u64>(src), 1);
}

@inline
function storeVector(dst: usize, half: usize, vector: v128): void {
  if (half == 0) {
    v128.store(dst, vector);
  } else {
    v128.store_lane<u64>(dst, vector, 0);
    v128.store_lane<u64>(dst + half, vector, 1);
  }
}

/**
 * Stages over the eight vectors of a tile: some, then, if `bits` says so, the transposition of the 8 by 8 bits that lie in each place of the
 * vectors, then some more.
 */
@inline
function interleaveEight(
  dst: usize,
  dstStep: usize,
  dstHalf: usize,
  src: usize,
  srcStep: usize,
  srcHalf: usize,
  before: i32,
  bits: bool,
  after: i32,
): void {
  let a = loadVector(src, srcHalf);
  let b = loadVector(src + srcStep, srcHalf);
  let c = loadVector(src + 2 * srcStep, srcHalf);
  let d = loadVector(src + 3 * srcStep, srcHalf);
  let e = loadVector(src + 4 * srcStep, srcHalf);
  let f = loadVector(src + 5 * srcStep, srcHalf);
  let g = loadVector(src + 6 * srcStep, srcHalf);
  let h = loadVector(src + 7 * srcStep, srcHalf);
  for (let stage = 0; stage < before; stage++) {
    const ae = low(a, e);
    const ea = high(a, e);
    const bf = low(b, f);
    const fb = high(b, f);
    const cg = low(c, g);
    const gc = high(c, g);
    const dh = low(d, h);
    const hd = high(d, h);
    a = ae;
    b = ea;
    c = bf;
    d = fb;
    e = cg;
    f = gc;
    g = dh;
    h = hd;
  }
  if (bits) {
    const nibbles = v128.splat<u8>(0x0f);
    const ae = differing(a, e, 4, nibbles);
    const bf = differing(b, f, 4, nibbles);
    const cg = differing(c, g, 4, nibbles);
    const dh = differing(d, h, 4, nibbles);
    a = v128.xor(a, v128.shl<u16>(ae, 4));
    b = v128.xor(b, v128.shl<u16>(bf, 4));
    c = v128.xor(c, v128.shl<u16>(cg, 4));
    d = v128.xor(d, v128.shl<u16>(dh, 4));
    e = v128.xor(e, ae);
    f = v128.xor(f, bf);
    g = v128.xor(g, cg);
    h = v128.xor(h, dh);
    const pairs = v128.splat<u8>(0x33);
    const ac = differing(a, c, 2, pairs);
    const bd = differing(b, d, 2, pairs);
    const eg = differing(e, g, 2, pairs);
    const fh = differing(f, h, 2, pairs);
    a = v128.xor(a, v128.shl<u16>(ac, 2));
    b = v128.xor(b, v128.shl<u16>(bd, 2));
    c = v128.xor(c, ac);
    d = v128.xor(d, bd);
    e = v128.xor(e, v128.shl<u16>(eg, 2));
    f = v128.xor(f, v128.shl<u16>(fh, 2));
    g = v128.xor(g, eg);
    h = v128.xor(h, fh);
    const single = v128.splat<u8>(0x55);
    const ab = differing(a, b, 1, single);
    const cd = differing(c, d, 1, single);
    const ef = differing(e, f, 1, single);
    const gh = differing(g, h, 1, single);
    a = v128.xor(a, v128.shl<u16>(ab, 1));
    b = v128.xor(b, ab);
    c = v128.xor(c, v128.shl<u16>(cd, 1));
    d = v128.xor(d, cd);
    e = v128.xor(e, v128.shl<u16>(ef, 1));
    f = v128.xor(f, ef);
    g = v128.xor(g, v128.shl<u16>(gh, 1));
    h = v128.xor(h, gh);
  }
  for (let stage = 0; stage < after; stage++) {
    const ae = low(a, e);
    const ea = high(a, e);
    const bf = low(b, f);
    const fb = high(b, f);
    const cg = low(c, g);
    const gc = high(c, g);
    const dh = low(d, h);
    const hd = high(d, h);
    a = ae;
    b = ea;
    c = bf;
    d = fb;
    e = cg;
    f = gc;
    g = dh;
    h = hd;
  }
  storeVector(dst, dstHalf, a);
  storeVector(dst + dstStep, dstHalf, b);
  storeVector(dst + 2 * dstStep, dstHalf, c);
  storeVector(dst + 3 * dstStep, dstHalf, d);
  storeVector(dst + 4 * dstStep, dstHalf, e);
  storeVector(dst + 5 * dstStep, dstHalf, f);
  storeVector(dst + 6 * dstStep, dstHalf, g);
  storeVector(dst + 7 * dstStep, dstHalf, h);
}

/** Byte by byte, in runs of items that stay in the cache. */
function shuffleEach(dst: usize, dstStep: usize, src: usize, count: usize, itemSize: usize): void {
  for (let first: usize = 0; first < count; first += 64) {
    const end = min(first + 64, count);
    for (let plane: usize = 0; plane < itemSize; plane++) {
      const to = dst + plane * dstStep;
      const from = src + plane;
      for (let i = first; i < end; i++) store<u8>(to + i, load<u8>(from + i * itemSize));
    }
  }
}

function unshuffleEach(dst: usize, src: usize, srcStep: usize, count: usize, itemSize: usize): void {
  for (let first: usize = 0; first < count; first += 64) {
    const end = min(first + 64, count);
    for (let plane: usize = 0; plane < itemSize; plane++) {
      const to = dst + plane;
      const from = src + plane * srcStep;
      for (let i = first; i < end; i++) store<u8>(to + i * itemSize, load<u8>(from + i));
    }
  }
}

/** Writes plane k of `count` items to `dst` + k * `dstStep`. */
function toPlanes(dst: usize, dstStep: usize, src: usize, count: usize, itemSize: usize): void {
  let done: usize = 0;
  if (ASC_FEATURE_SIMD && count >= side) {
    // The last tile may overlap the one before it.
    const last = count - side;
    if (itemSize == 2) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        const a = v128.load(src + i * 2);
        const b = v128.load(src + i * 2, 16);
        v128.store(dst + i, v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
        v128.store(dst + dstStep + i, v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
      }
      return;
    }
    if (itemSize == 4) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        interleaveFour(dst + i, dstStep, src + i * 4, 16, 2);
      }
      return;
    }
    if (itemSize == 8) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        interleaveEight(dst + i, dstStep, 0, src + i * 8, 16, 0, 4, false, 0);
      }
      return;
    }
    if (itemSize > 8) {
      for (let first: usize = 0; first < count; first += stripe) {
        const end = min(first + stripe, count);
        for (let column: usize = 0; column < itemSize; column += 8) {
          column = min(column, itemSize - 8);
          const to = dst + column * dstStep;
          const from = src + column;
          for (let i = first; i < end; i += side) {
            i = min(i, last);
            interleaveEight(to + i, dstStep, 0, from + i * itemSize, 2 * itemSize, itemSize, 4, false, 0);
          }
        }
      }
      return;
    }
    // Items are read 8 bytes at a time, which the last ones do not have.
    const reach = (side - 1) * itemSize + 8;
    for (; done * itemSize + reach <= count * itemSize; done += side) {
      interleaveEight(tile, side, 0, src + done * itemSize, 2 * itemSize, itemSize, 4, false, 0);
      for (let plane: usize = 0; plane < itemSize; plane++) {
        v128.store(dst + plane * dstStep + done, v128.load(tile + plane * side));
      }
    }
  }
  shuffleEach(dst + done, dstStep, src + done * itemSize, count - done, itemSize);
}

/** Puts `count` items together from their planes, of which number k lies at `src` + k * `srcStep`. */
function fromPlanes(dst: usize, src: usize, srcStep: usize, count: usize, itemSize: usize): void {
  let done: usize = 0;
  if (ASC_FEATURE_SIMD && count >= side) {
    const last = count - side;
    if (itemSize == 2) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        const a = v128.load(src + i);
        const b = v128.load(src + srcStep + i);
        v128.store(dst + i * 2, low(a, b));
        v128.store(dst + i * 2, high(a, b), 16);
      }
      return;
    }
    if (itemSize == 4) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        interleaveFour(dst + i * 4, 16, src + i, srcStep, 1);
      }
      return;
    }
    if (itemSize == 8) {
      for (let i: usize = 0; i < count; i += side) {
        i = min(i, last);
        interleaveEight(dst + i * 8, 16, 0, src + i, srcStep, 0, 0, false, 3);
      }
      return;
    }
    if (itemSize > 8) {
      for (let first: usize = 0; first < count; first += stripe) {
        const end = min(first + stripe, count);
        for (let column: usize = 0; column < itemSize; column += 8) {
          column = min(column, itemSize - 8);
          const to = dst + column;
          const from = src + column * srcStep;
          for (let i = first; i < end; i += side) {
            i = min(i, last);
            interleaveEight(to + i * itemSize, 2 * itemSize, itemSize, from + i, srcStep, 0, 0, false, 3);
          }
        }
      }
      return;
    }
    // Items are written 8 bytes at a time: each one overwrites what the one before it has put in its place.
    const reach = (side - 1) * itemSize + 8;
    for (; done * itemSize + reach <= count * itemSize; done += side) {
      for (let plane: usize = 0; plane < itemSize; plane++) {
        v128.store(tile + plane * side, v128.load(src + plane * srcStep + done));
      }
      interleaveEight(dst + done * itemSize, 2 * itemSize, itemSize, tile, side, 0, 0, false, 3);
    }
  }
  unshuffleEach(dst + done * itemSize, src + done, srcStep, count - done, itemSize);
}

/** Transposes 8 by 8 bits, one row a byte. */
@inline
function transposeBits(word: u64): u64 {
  let crossed = (word ^ (word >> 7)) & 0x00aa00aa00aa00aa;
  word ^= crossed ^ (crossed << 7);
  crossed = (word ^ (word >> 14)) & 0x0000cccc0000cccc;
  word ^= crossed ^ (crossed << 14);
  crossed = (word ^ (word >> 28)) & 0x00000000f0f0f0f0;
  return word ^ crossed ^ (crossed << 28);
}

/** Writes bit k of `count` bytes, a multiple of 8, to `dst` + k * `dstStep`. */
function toBitPlanes(dst: usize, dstStep: usize, src: usize, count: usize): void {
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 128 <= count; i += 128) interleaveEight(dst + (i >> 3), dstStep, 0, src + i, 16, 0, 4, true, 0);
  }
  for (; i < count; i += 8) {
    let word = transposeBits(load<u64>(src + i));
    for (let to = dst + (i >> 3), end = to + 8 * dstStep; to != end; to += dstStep) {
      store<u8>(to, <u8>word);
      word >>= 8;
    }
  }
}

/** Puts `count` bytes, a multiple of 8, together from their bits, of which number k lie at `src` + k * `srcStep`. */
function fromBitPlanes(dst: usize, src: usize, srcStep: usize, count: usize): void {
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 128 <= count; i += 128) interleaveEight(dst + i, 16, 0, src + (i >> 3), srcStep, 0, 0, true, 3);
  }
  for (; i < count; i += 8) {
    let word: u64 = 0;
    const first = src + (i >> 3);
    for (let from = first + 8 * srcStep; from != first; ) {
      from -= srcStep;
      word = (word << 8) | <u64>load<u8>(from);
    }
    store<u64>(dst + i, transposeBits(word));
  }
}

/** What is wrong with the lengths of a call, or 0. */
@inline
function checkLengths(dstLength: usize, srcLength: usize, itemSize: usize): i32 {
  if (<i32>srcLength < 0 || itemSize == 0) return -1;
  return dstLength < srcLength ? -1 - <i32>dstLength : 0;
}

/** Byte-shuffles items of `itemSize` bytes; bytes at the end that fill no item are copied. Returns the bytes written. `dst` may not overlap `src`. */
export function shuffle(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: usize): i32 {
  const fault = checkLengths(dstLength, srcLength, itemSize);
  if (fault != 0) return fault;
  const count: usize = itemSize == 1 ? 0 : srcLength / itemSize;
  toPlanes(dst, count, src, count, itemSize);
  const done = count * itemSize;
  memory.copy(dst + done, src + done, srcLength - done);
  return <i32>srcLength;
}

/** The way back from {@link shuffle}. */
export function unshuffle(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: usize): i32 {
  const fault = checkLengths(dstLength, srcLength, itemSize);
  if (fault != 0) return fault;
  const count: usize = itemSize == 1 ? 0 : srcLength / itemSize;
  fromPlanes(dst, src, count, count, itemSize);
  const done = count * itemSize;
  memory.copy(dst + done, src + done, srcLength - done);
  return <i32>srcLength;
}

/** Number of items whose bits are shuffled: all or, where that is no multiple of 8, none. */
@inline
function bitItems(srcLength: usize, itemSize: usize): usize {
  const count = srcLength / itemSize;
  return (count & 7) == 0 ? count : 0;
}

/** Items whose planes are transposed at a time: planes of 64 bytes of bits, where they fit. */
@inline
function itemsAtATime(itemSize: usize): usize {
  return min<usize>(512, (planesLength / itemSize) & ~127);
}

/**
 * Bit-shuffles items of `itemSize` (256 at most) bytes as c-blosc 1 does: where the number of items is no multiple of 8 all bytes are copied,
 * as are those at the end that fill no item. Returns the bytes written. `dst` may not overlap `src`.
 */
export function bitshuffle(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: usize): i32 {
  const fault = itemSize > bitItemLimit ? -1 : checkLengths(dstLength, srcLength, itemSize);
  if (fault != 0) return fault;
  const count = bitItems(srcLength, itemSize);
  const step = count >> 3;
  if (itemSize == 1) {
    toBitPlanes(dst, step, src, count);
  } else {
    const most = itemsAtATime(itemSize);
    for (let first: usize = 0; first < count; first += most) {
      const items = min(most, count - first);
      toPlanes(planes, most, src + first * itemSize, items, itemSize);
      for (let plane: usize = 0; plane < itemSize; plane++) {
        toBitPlanes(dst + plane * count + (first >> 3), step, planes + plane * most, items);
      }
    }
  }
  const done = count * itemSize;
  memory.copy(dst + done, src + done, srcLength - done);
  return <i32>srcLength;
}

/** The way back from {@link bitshuffle}. */
export function bitunshuffle(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: usize): i32 {
  const fault = itemSize > bitItemLimit ? -1 : checkLengths(dstLength, srcLength, itemSize);
  if (fault != 0) return fault;
  const count = bitItems(srcLength, itemSize);
  const step = count >> 3;
  if (itemSize == 1) {
    fromBitPlanes(dst, src, step, count);
  } else {
    const most = itemsAtATime(itemSize);
    for (let first: usize = 0; first < count; first += most) {
      const items = min(most, count - first);
      for (let plane: usize = 0; plane < itemSize; plane++) {
        fromBitPlanes(planes + plane * most, src + plane * count + (first >> 3), step, items);
      }
      fromPlanes(dst + first * itemSize, planes, most, items, itemSize);
    }
  }
  const done = count * itemSize;
  memory.copy(dst + done, src + done, srcLength - done);
  return <i32>srcLength;
}
