/**
 * The index of a shard: where each inner chunk lies.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
 *
 *     stored    | offset: u64 | length: u64 | of inner chunk 0 | offset | length | of inner chunk 1 | ...      missing: both 2^64 - 1
 *     decoded   | offset: f64 | length: f64 |                  | offset | length |                  | ...      missing: -1, 0
 *
 * Both directions take 5 ns an entry (3.2 GB/s).
 */

/** Offsets and lengths travel as f64, which holds integers up to here exactly. */
const exactLimit: u64 = 1 << 53;
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
  for (let i: usize = 0; i < srcLength; i += 16) {
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
