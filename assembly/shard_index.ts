/**
 * The index of a shard: where each inner chunk lies.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
 *
 *     stored    | offset: u64 | length: u64 | of inner chunk 0 | offset | length | of inner chunk 1 | ...      missing: both 2^64 - 1
 *     decoded   | offset: f64 | length: f64 |                  | offset | length |                  | ...      missing: -1, 0
 *
 * ns an entry, 16 to 32768 of them: decode 2.1 (scalar 5.0, and 7.5 where every second one is missing at random), encode 5.
 */

/** Offsets and lengths travel as f64, which holds integers up to here exactly. */
const exactLimit: u64 = 1 << 53;
/** Integers below this are fractions of it: they become floats as the low bits of its own. */
const fractionLimit: u64 = 1 << 52;
/** That number, and -1, as f64. Constants in code are made anew in every step. */
const exponent: usize = memory.data<f64>([4503599627370496, -1], 16);
/** Both parts of the entry of a missing inner chunk. */
export const missing: u64 = u64.MAX_VALUE;

/** An offset or length that came as f64. */
@inline
export function toLimit(value: f64): u64 {
  return value < <f64>exactLimit ? <u64>max<f64>(value, 0) : exactLimit;
}

/**
 * Checks every entry of the index `src` of a shard of `valueLength` bytes (Infinity if unknown) and writes it to `dst` as pairs of f64.
 * No range may reach beyond the shard or into its index at `indexOffset`; an index length of 0 means that the index lies elsewhere, and a
 * range of no bytes lies nowhere.
 * Returns the number of inner chunks present, or -(1 + byte offset in `src` of the first bad entry).
 */
export function decodeShardIndex(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  valueLength: f64,
  indexOffset: f64,
  indexLength: f64,
): i32 {
  if (<i32>srcLength < 0) return -1;
  if ((srcLength & 15) != 0) return -1 - <i32>(srcLength & ~15);
  if (dstLength < srcLength) return -1 - <i32>(dstLength & ~15);
  const limit = toLimit(valueLength);
  const indexStart = toLimit(indexOffset);
  const indexEnd = indexLength > 0 ? toLimit(indexOffset + indexLength) : 0;
  let present: i32 = 0;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const limits = i64x2.splat(min(limit, fractionLimit - 1));
    const starts = i64x2.splat(indexStart);
    const ends = i64x2.splat(indexEnd);
    const exponents = v128.load64_splat(exponent);
    const minusOnes = v128.load64_splat(exponent, 8);
    const zero = i64x2.splat(0);
    let counts = zero;
    for (; i + 32 <= srcLength; i += 32) {
      const first = v128.load(src + i);
      const second = v128.load(src + i, 16);
      const offsets = v128.shuffle<u64>(first, second, 0, 2);
      const lengths = v128.shuffle<u64>(first, second, 1, 3);
      const sums = i64x2.add(offsets, lengths);
      const absent = i64x2.eq(v128.and(offsets, lengths), i64x2.splat(-1));
      // If neither part is negative, nor their sum, it did not wrap, and neither part is above it.
      const negative = i64x2.lt_s(v128.or(v128.or(offsets, lengths), sums), zero);
      const outside = v128.or(negative, i64x2.gt_s(sums, limits));
      const overlap = v128.and(i64x2.gt_s(ends, offsets), i64x2.gt_s(sums, starts));
      const bad = v128.or(outside, v128.andnot(overlap, i64x2.eq(lengths, zero)));
      // The loop below finds out which of the two it is.
      if (v128.any_true(v128.andnot(bad, absent))) break;
      counts = i64x2.add(counts, absent);
      const offsetsOut = v128.bitselect(minusOnes, f64x2.sub(v128.or(offsets, exponents), exponents), absent);
      const lengthsOut = v128.andnot(f64x2.sub(v128.or(lengths, exponents), exponents), absent);
      v128.store(dst + i, v128.shuffle<u64>(offsetsOut, lengthsOut, 0, 2));
      v128.store(dst + i, v128.shuffle<u64>(offsetsOut, lengthsOut, 1, 3), 16);
    }
    present = <i32>((i >> 4) + i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1));
  }
  for (; i < srcLength; i += 16) {
    const offset = load<u64>(src + i);
    const length = load<u64>(src + i, 8);
    if ((offset & length) == missing) {
      store<f64>(dst + i, -1);
      store<f64>(dst + i, 0, 8);
      continue;
    }
    // With both parts below 2^53 the sum cannot wrap; half a missing entry fails the same comparison.
    const end = offset + length;
    if (offset > limit || length > limit || end > limit) return -1 - <i32>i;
    if (length != 0 && offset < indexEnd && end > indexStart) return -1 - <i32>i;
    store<f64>(dst + i, <f64>(<i64>offset));
    store<f64>(dst + i, <f64>(<i64>length), 8);
    present++;
  }
  return present;
}

/**
 * Writes the index of a shard whose inner chunks lie one after another from byte `base` on, in the order of `order` (`count` u32, each
 * chunk once), chunk i having `lengths[i]` bytes (`count` f64, negative = missing).
 * Returns the offset of the end of the last chunk; -1 if `dst` is too small or a length is no count of bytes, and -(1 + slot) where `order`
 * names no chunk or one chunk twice.
 */
export function encodeShardIndex(
  dst: usize,
  dstLength: usize,
  lengths: usize,
  order: usize,
  count: usize,
  base: f64,
): f64 {
  if (<u64>dstLength < <u64>count << 4 || !(base >= 0 && base <= <f64>exactLimit)) return -1;
  memory.fill(dst, 0xff, count << 4);
  let end = base;
  let left: usize = 0;
  for (let chunk: usize = 0; chunk < count; chunk++) {
    const length = load<f64>(lengths + (chunk << 3));
    if (!(length >= 0)) {
      if (length != length) return -1;
      continue;
    }
    end += length;
    if (end > <f64>exactLimit || floor<f64>(length) != length) return -1;
    left++;
  }
  let offset: u64 = <u64>base;
  for (let slot: usize = 0; slot < count; slot++) {
    const chunk = <usize>load<u32>(order + (slot << 2));
    if (chunk >= count) return -1 - <f64>slot;
    const length = load<f64>(lengths + (chunk << 3));
    if (length < 0) continue;
    const entry = dst + (chunk << 4);
    if (load<u64>(entry) != missing) return -1 - <f64>slot;
    store<u64>(entry, offset);
    store<u64>(entry, <u64>length, 8);
    offset += <u64>length;
    left--;
  }
  // A missing chunk named twice leaves out another one.
  return left == 0 ? end : -1 - <f64>count;
}

/**
 * Where the slots of `count` inner chunks begin, the entries of which are at `src`, if they are packed: each of `length` bytes, one after
 * another in the order of their numbers. -1 if they are not. Takes 0.4 ns an entry.
 */
export function packedStart(src: usize, count: usize, length: f64): f64 {
  if (count == 0 || !(length >= 1 && length <= <f64>exactLimit)) return -1;
  const size = <u64>length;
  const start = load<u64>(src);
  if (start > exactLimit) return -1;
  let offset = start;
  for (let i: usize = 0; i < count; i++) {
    const entry = src + (i << 4);
    if (load<u64>(entry) != offset || load<u64>(entry, 8) != size) return -1;
    offset += size;
  }
  return offset <= exactLimit ? <f64>(<i64>start) : -1;
}
